"""Online slots whose places are drawn lie in a pool of their own until they were drawn."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("schedule", "0005_find_decided_stops"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name='slot', name='slot_pool_known'),
        migrations.AddConstraint(
            model_name='slot',
            constraint=models.CheckConstraint(
                condition=models.Q(('pool__in', ['online', 'phone', 'referral', 'revisit', 'onsite', 'draw'])),
                name='slot_pool_known',
            ),
        ),
    ]
