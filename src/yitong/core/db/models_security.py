"""Tables of the keys and of the signed hash log; `keys.py` and `sealing.py` use them."""

from django.db import models
from django.db.models import Q

from yitong.core.db.scale import Scale
from yitong.core.ids import new_id


class DataKey(models.Model):
    """A key that encrypts fields, or the one that makes blind indexes, wrapped with a master key kept elsewhere."""

    scale = Scale.L
    append_only = False

    id = models.UUIDField(primary_key=True, default=new_id)
    number = models.PositiveIntegerField()
    purpose = models.CharField(max_length=8)
    index_hash = models.CharField(max_length=16, null=True)
    master_version = models.PositiveIntegerField()
    wrapped = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        app_label = "core"
        db_table = "core_data_key"
        constraints = [
            models.UniqueConstraint(name="data_key_number_once", fields=["number"]),
            models.UniqueConstraint(name="data_key_one_index_key", fields=["purpose"], condition=Q(purpose="index")),
            models.CheckConstraint(
                name="data_key_purpose_known",
                condition=Q(purpose="field", index_hash__isnull=True)
                | Q(purpose="index", index_hash__isnull=False, index_hash__in=["hmac-sha256", "hmac-sm3"]),
            ),
        ]


class SealCursor(models.Model):
    """The row that a sealer of one log and shard locks, and where its next scan begins. Lost, it is only slower."""

    scale = Scale.L
    append_only = False

    pk = models.CompositePrimaryKey("log", "shard")
    log = models.CharField(max_length=32)
    shard = models.CharField(max_length=64)
    watermark = models.DateTimeField(null=True, help_text="all recorded before (less the look-back) is sealed")

    class Meta:
        app_label = "core"
        db_table = "core_seal_cursor"


class Seal(models.Model):
    """One link of a chain: the Merkle root of a batch of rows, the head before it, and the signature of both."""

    scale = Scale.L
    append_only = True

    pk = models.CompositePrimaryKey("log", "shard", "number")
    log = models.CharField(max_length=32)
    shard = models.CharField(max_length=64)
    number = models.PositiveBigIntegerField(help_text="1, 2, 3 … without a gap")
    first_seq = models.PositiveBigIntegerField(help_text="place of the first row in the log, from 1")
    count = models.PositiveIntegerField()
    first_id = models.UUIDField()
    last_id = models.UUIDField()
    root = models.BinaryField(help_text="Merkle root of the batch's leaves")
    previous = models.BinaryField(help_text="head of the seal before; 32 zero bytes at first")
    sealed_at = models.DateTimeField()
    hash = models.CharField(max_length=16)
    head = models.BinaryField()
    signer = models.CharField(max_length=64, help_text="id of the signing key")
    signature = models.BinaryField()

    class Meta:
        app_label = "core"
        db_table = "core_seal"
        constraints = [
            models.UniqueConstraint(name="seal_one_per_place", fields=["log", "shard", "first_seq"]),
            models.CheckConstraint(name="seal_not_empty", condition=Q(count__gt=0, number__gt=0, first_seq__gt=0)),
        ]


class SealedLeaf(models.Model):
    """The place of one row in its log, and the hash of what it said when it was sealed."""

    scale = Scale.L
    append_only = True

    pk = models.CompositePrimaryKey("log", "shard", "seq")
    log = models.CharField(max_length=32)
    shard = models.CharField(max_length=64)
    seq = models.PositiveBigIntegerField()
    row_id = models.UUIDField()
    leaf_hash = models.BinaryField()

    class Meta:
        app_label = "core"
        db_table = "core_sealed_leaf"
        constraints = [models.UniqueConstraint(name="sealed_leaf_row_once", fields=["log", "row_id"])]


class DayRoot(models.Model):
    """All that one log and shard sealed in a Shanghai day, as one Merkle root, within the tree of all its days."""

    scale = Scale.L
    append_only = True

    pk = models.CompositePrimaryKey("log", "shard", "day")
    log = models.CharField(max_length=32)
    shard = models.CharField(max_length=64)
    day = models.DateField()
    days = models.PositiveIntegerField(help_text="size of the tree of days, this one included")
    first_seq = models.PositiveBigIntegerField()
    count = models.PositiveBigIntegerField()
    root = models.BinaryField(help_text="Merkle root of the day's leaves")
    last_number = models.PositiveBigIntegerField(help_text="the day's last seal")
    last_head = models.BinaryField()
    tree_root = models.BinaryField(help_text="Merkle root of the days up to this one")
    hash = models.CharField(max_length=16)
    signer = models.CharField(max_length=64)
    signature = models.BinaryField()
    made_at = models.DateTimeField()

    class Meta:
        app_label = "core"
        db_table = "core_day_root"
        constraints = [
            models.UniqueConstraint(name="day_root_one_per_size", fields=["log", "shard", "days"]),
            models.CheckConstraint(name="day_root_not_empty", condition=Q(count__gt=0, days__gt=0)),
        ]
