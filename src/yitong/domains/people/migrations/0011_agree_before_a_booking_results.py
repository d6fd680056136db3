from django.db import migrations, models

import yitong.core.ids


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0010_keep_the_consent_to_a_number"),
    ]

    operations = [
        migrations.CreateModel(
            name="NumberConsent",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "patient_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("patient_id", models.UUIDField()),
                ("id", models.UUIDField(default=yitong.core.ids.new_id)),
                ("hospital_id", models.UUIDField()),
                ("key", models.CharField(help_text="of the booking that may result", max_length=80)),
                ("notice", models.CharField(max_length=40)),
                ("account_id", models.UUIDField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "db_table": "people_number_consent",
                "constraints": [
                    models.UniqueConstraint(fields=("patient_id", "hospital_id", "key"), name="number_consent_once")
                ],
            },
        ),
    ]
