"""Decisions are never changed, so a rule of the city had no row at which two who decide could wait for each other."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('hospitals', '0004_a_campus_open_or_closed'),
    ]

    operations = [
        migrations.CreateModel(
            name='CityRule',
            fields=[
                ('policy', models.CharField(max_length=64, primary_key=True, serialize=False)),
            ],
            options={
                'db_table': 'hospitals_city_rule',
            },
        ),
    ]
