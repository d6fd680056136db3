import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0006_find_what_joins_accounts"),
    ]

    operations = [
        migrations.CreateModel(
            name="SlowPath",
            fields=[
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="people.account",
                    ),
                ),
                ("since", models.DateTimeField()),
                (
                    "checked_until",
                    models.DateTimeField(help_text="booking is open until then; its beginning, while nothing was passed"),
                ),
            ],
            options={
                "db_table": "people_slow_path",
                "constraints": [
                    models.CheckConstraint(
                        name="slow_path_checked_after_its_beginning", condition=Q(("checked_until__gte", F("since")))
                    )
                ],
            },
        ),
        migrations.RemoveConstraint(model_name="quota", name="quota_kind_known"),
        migrations.AddConstraint(
            model_name="quota",
            constraint=models.CheckConstraint(
                condition=Q(("kind__in", ["phone", "device", "address", "fact", "verify", "check"])),
                name="quota_kind_known",
            ),
        ),
        migrations.RemoveConstraint(model_name="signincode", name="code_purpose_known"),
        migrations.AddConstraint(
            model_name="signincode",
            constraint=models.CheckConstraint(
                condition=Q(("purpose__in", ["sign_in", "leave_phone", "take_phone", "check"])),
                name="code_purpose_known",
            ),
        ),
    ]
