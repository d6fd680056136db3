from django.db import migrations


class Migration(migrations.Migration):
    """Rate limits need no crash safety: without write-ahead log a token costs a third."""

    dependencies = [("access", "0001_staff_and_channels")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE access_token_bucket SET UNLOGGED",
            "ALTER TABLE access_token_bucket SET LOGGED",
        )
    ]
