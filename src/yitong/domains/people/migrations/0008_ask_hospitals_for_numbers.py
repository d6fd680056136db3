from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0007_the_slow_path"),
    ]

    operations = [
        migrations.AddField(
            model_name="carrier",
            name="tries",
            field=models.PositiveSmallIntegerField(db_default=0, help_text="how often the hospital was asked"),
        ),
        migrations.AddField(
            model_name="carrier",
            name="next_at",
            field=models.DateTimeField(help_text="when it is asked (again); null while it is not", null=True),
        ),
        migrations.AddConstraint(
            model_name="carrier",
            constraint=models.CheckConstraint(
                condition=Q(("state", "pending"), ("next_at", None), _connector="OR"),
                name="carrier_asked_while_pending",
            ),
        ),
    ]
