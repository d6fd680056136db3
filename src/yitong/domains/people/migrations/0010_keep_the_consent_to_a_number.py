from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0009_find_whose_turn_it_is"),
    ]

    operations = [
        migrations.AddField(
            model_name="carrier",
            name="consent",
            field=models.CharField(
                help_text="version of the notice agreed to before (R-049)", max_length=40, null=True
            ),
        ),
        migrations.AddField(
            model_name="carrier",
            name="consent_by",
            field=models.UUIDField(help_text="the account that agreed", null=True),
        ),
        migrations.AddField(
            model_name="carrier",
            name="consent_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddConstraint(
            model_name="carrier",
            constraint=models.CheckConstraint(
                condition=Q(("consent__isnull", True), ("consent_by__isnull", True), ("consent_at__isnull", True))
                | Q(("consent__isnull", False), ("consent_by__isnull", False), ("consent_at__isnull", False)),
                name="carrier_consent_whole",
            ),
        ),
    ]
