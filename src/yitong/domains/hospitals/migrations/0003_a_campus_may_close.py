"""A campus may close, and none of its departments can then be booked: the key refers to the campus while it is open."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('hospitals', '0002_guides_and_places_on_the_map'),
    ]

    operations = [
        migrations.AddField(
            model_name='campus',
            name='is_open',
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddField(
            model_name='campus',
            name='open_id',
            field=models.GeneratedField(db_persist=True, expression=models.Case(models.When(is_open=True, then=models.F('id'))), output_field=models.UUIDField(null=True)),
        ),
        migrations.AddField(
            model_name='department',
            name='open_campus_id',
            field=models.GeneratedField(db_persist=True, expression=models.Case(models.When(is_bookable=True, then=models.F('campus'))), output_field=models.UUIDField(null=True)),
        ),
        migrations.AddConstraint(
            model_name='campus',
            constraint=models.UniqueConstraint(fields=('open_id',), name='campus_open_once'),
        ),
        migrations.AddConstraint(
            model_name='campus',
            constraint=models.UniqueConstraint(fields=('hospital', 'id'), name='campus_of_its_hospital'),
        ),
        migrations.RunSQL(
            'ALTER TABLE hospitals_department ADD CONSTRAINT department_bookable_at_open_campus'
            ' FOREIGN KEY (open_campus_id) REFERENCES hospitals_campus (open_id)',
            'ALTER TABLE hospitals_department DROP CONSTRAINT department_bookable_at_open_campus',
        ),
    ]
