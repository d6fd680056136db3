"""What a session's key to an open campus refers to."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('hospitals', '0003_a_campus_may_close'),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='campus',
            constraint=models.UniqueConstraint(fields=('hospital', 'id', 'is_open'), name='campus_open_or_closed'),
        ),
    ]
