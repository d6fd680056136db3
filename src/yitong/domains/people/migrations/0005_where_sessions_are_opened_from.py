from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0004_count_only_many_days"),
    ]

    operations = [
        migrations.AddField(
            model_name="accountsession",
            name="address_index",
            field=models.BinaryField(help_text="keyed hash of where it was opened from, for a week (R-017)", null=True),
        ),
    ]
