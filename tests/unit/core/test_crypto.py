import threading

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from yitong.core import crypto
from yitong.core.crypto import Algorithm, IndexHash, Keyring, KeySet, MasterKeys

NAME = "people.patient.name"
OLD, NEW, INDEX = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32


def ring(algorithm: Algorithm = Algorithm.AES_256_GCM, data: dict[int, bytes] | None = None, **options) -> Keyring:
    keys = KeySet({1: OLD} if data is None else data, INDEX, options.pop("index_hash", IndexHash.HMAC_SHA256))
    return Keyring(lambda: keys, algorithm=algorithm, **options)


@pytest.mark.rule("R-209")
def test_sm3_vector() -> None:
    digest = hashes.Hash(hashes.SM3())
    digest.update(b"abc")
    assert digest.finalize().hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


@pytest.mark.rule("R-209")
def test_sm4_vector() -> None:
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")
    encryptor = Cipher(algorithms.SM4(key), modes.ECB()).encryptor()  # the vector of the standard, one block
    assert encryptor.update(key).hex() == "681edf34d206965e86b3e94f536e4246"


@pytest.mark.rule("R-209")
def test_sm4_gcm_vector_of_rfc_8998() -> None:
    cipher = crypto._Sm4Gcm(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    nonce = bytes.fromhex("00001234567800000000ABCD")
    aad = bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
    plain = bytes.fromhex(
        "AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBCCCCCCCCCCCCCCCCDDDDDDDDDDDDDDDD"
        "EEEEEEEEEEEEEEEEFFFFFFFFFFFFFFFFEEEEEEEEEEEEEEEEAAAAAAAAAAAAAAAA"
    )
    sealed = bytes.fromhex(
        "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735"
        "D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D"
        "83DE3541E4C2B58177E065A9BF7B62EC"
    )
    assert cipher.seal(nonce, plain, aad) == sealed
    assert cipher.open(nonce, sealed, aad) == plain


@pytest.mark.rule("R-208")
@pytest.mark.parametrize("written_by", Algorithm)
@pytest.mark.parametrize("read_by", Algorithm)
def test_both_algorithms_are_read_whatever_the_setting(written_by: Algorithm, read_by: Algorithm) -> None:
    sealed = ring(written_by).encrypt("张三", NAME)
    assert crypto.read_header(sealed) == (written_by, 1)
    assert ring(read_by).decrypt(sealed, NAME) == "张三"
    assert "张三".encode() not in sealed


@pytest.mark.rule("R-208")
@pytest.mark.parametrize("algorithm", Algorithm)
def test_ciphertext_opens_in_its_column_and_row_only(algorithm: Algorithm) -> None:
    keyring = ring(algorithm)
    sealed = keyring.encrypt("张三", NAME, b"row 1")
    assert keyring.decrypt(sealed, NAME, b"row 1") == "张三"
    for column, row in [
        (NAME, b"row 2"),
        (NAME, b""),
        ("people.patient.nam", b"erow 1"),
        ("people.contact.name", b"row 1"),
    ]:
        with pytest.raises(crypto.DecryptionFailed):
            keyring.decrypt(sealed, column, row)


@pytest.mark.parametrize("algorithm", Algorithm)
def test_any_changed_byte_is_noticed(algorithm: Algorithm) -> None:
    keyring = ring(algorithm, {1: OLD, 2: NEW})
    sealed = keyring.encrypt("李四", NAME)
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(crypto.CryptoError):
            keyring.decrypt(bytes(changed), NAME)
    for length in range(len(sealed)):
        with pytest.raises(crypto.DecryptionFailed):
            keyring.decrypt(sealed[:length], NAME)


def test_key_or_algorithm_in_the_header_can_not_be_swapped() -> None:
    keyring = ring(data={1: OLD, 2: OLD})  # even where two numbers share a secret
    sealed = keyring.encrypt("李四", NAME)
    with pytest.raises(crypto.DecryptionFailed):
        keyring.decrypt(sealed[:4] + b"\x01" + sealed[5:], NAME)


def test_highest_data_key_writes_and_old_ones_still_read() -> None:
    old = ring(data={1: OLD}).encrypt("王五", NAME)
    keyring = ring(data={1: OLD, 7: NEW})
    assert crypto.read_header(keyring.encrypt("王五", NAME)) == (Algorithm.AES_256_GCM, 7)
    assert keyring.decrypt(old, NAME) == "王五"


def test_unknown_key_is_loaded_once_more_before_it_fails() -> None:
    sets = [KeySet({1: OLD}, INDEX, IndexHash.HMAC_SHA256), KeySet({1: OLD, 2: NEW}, INDEX, IndexHash.HMAC_SHA256)]
    keyring = Keyring(lambda: sets.pop(0) if len(sets) > 1 else sets[0], algorithm=Algorithm.AES_256_GCM)
    keyring.encrypt("x", NAME)
    foreign = ring(data={2: NEW}).encrypt("新", NAME)
    assert keyring.decrypt(foreign, NAME) == "新"
    with pytest.raises(crypto.KeyUnknown, match="data key 9"):
        keyring.decrypt(ring(data={9: NEW}).encrypt("新", NAME), NAME)


def test_new_key_of_another_process_is_written_with_after_the_age() -> None:
    sets = [KeySet({1: OLD}, INDEX, IndexHash.HMAC_SHA256), KeySet({1: OLD, 2: NEW}, INDEX, IndexHash.HMAC_SHA256)]
    keyring = Keyring(lambda: sets.pop(0) if len(sets) > 1 else sets[0], algorithm=Algorithm.AES_256_GCM, max_age_s=0)
    assert crypto.read_header(keyring.encrypt("x", NAME))[1] in (1, 2)
    assert crypto.read_header(keyring.encrypt("x", NAME))[1] == 2


def test_without_keys_nothing_is_written() -> None:
    with pytest.raises(crypto.KeysUnavailable):
        ring(data={}).encrypt("x", NAME)


def test_equal_texts_give_different_ciphertexts() -> None:
    keyring = ring()
    assert len({keyring.encrypt("张三", NAME) for _ in range(100)}) == 100


def test_no_message_or_repr_shows_text_or_key() -> None:
    keyring, master = ring(), MasterKeys({1: OLD})
    with pytest.raises(ValueError, match="surrogate") as caught:
        keyring.encrypt("秘密\ud800", NAME)
    assert "秘密" not in repr(caught.value)
    assert caught.value.__suppress_context__
    keys = KeySet({1: OLD}, INDEX, IndexHash.HMAC_SHA256)
    assert not any(secret in text for text in map(repr, (keyring, master, keys)) for secret in ("x01", "x03"))


def test_master_keys_wrap_with_the_newest_and_unwrap_all() -> None:
    first = MasterKeys({1: OLD})
    both = MasterKeys({1: OLD, 2: NEW})
    wrapped = first.wrap(b"s" * 32, "data key 1", Algorithm.SM4_GCM)
    assert both.unwrap(wrapped, "data key 1") == b"s" * 32
    assert crypto.read_header(both.wrap(b"s" * 32, "data key 1", Algorithm.AES_256_GCM)) == (Algorithm.AES_256_GCM, 2)
    with pytest.raises(crypto.KeysUnavailable, match="does not open"):
        both.unwrap(wrapped, "data key 2")
    with pytest.raises(crypto.KeysUnavailable, match="not the key of this database"):
        MasterKeys({1: NEW}).unwrap(wrapped, "data key 1")
    with pytest.raises(crypto.KeysUnavailable, match="master key 1, which is not there"):
        MasterKeys({2: OLD}).unwrap(wrapped, "data key 1")


@pytest.mark.rule("R-208")
@pytest.mark.parametrize("index_hash", IndexHash)
def test_blind_index_is_equal_for_what_people_write_alike(index_hash: IndexHash) -> None:
    keyring = ring(index_hash=index_hash)
    alike = [
        ("phone", ["13800000000", "+86 138-0000-0000", "008613800000000", "１３８００００００００", "(138)00000000"]),
        ("identity", ["11010519491231002X", "11010519491231002x", " 110105 19491231 002Ｘ"]),
        ("name", ["张三", " 张 三 ", "张\u200b三"]),
        ("name", ["买买提·艾力", "买买提•艾力", "买买提・艾力", "买买提．艾力"]),
        ("name", ["Zoe Müller", "ZOE  MU\u0308LLER"]),
        ("name", ["Á", "A\u00b4"]),
    ]
    indexes = [{keyring.blind_index(kind, value) for value in values} for kind, values in alike]
    assert [len(found) for found in indexes] == [1] * len(alike)
    assert len(set.union(*indexes)) == len(alike)
    assert all(len(index) == 32 for found in indexes for index in found)


@pytest.mark.rule("R-208")
def test_blind_index_has_a_key_per_kind_and_does_not_change_with_data_keys() -> None:
    keyring = ring()
    assert keyring.blind_index("phone", "1") != keyring.blind_index("identity", "1")
    assert keyring.blind_index("phone", "1") == ring(data={1: OLD, 2: NEW}).blind_index("phone", "1")
    assert keyring.blind_index("phone", "1") != ring(index_hash=IndexHash.HMAC_SM3).blind_index("phone", "1")
    assert keyring.blind_index("identity.passport", "E 1").hex() == keyring.blind_index("identity.passport", "e1").hex()


def test_threads_share_a_keyring_that_is_refreshed_meanwhile() -> None:
    keyring = ring(data={1: OLD, 2: NEW})
    failures: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(200):
                assert keyring.decrypt(keyring.encrypt("张三", NAME), NAME) == "张三"
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(50):
        keyring.refresh()
    for thread in threads:
        thread.join()
    assert failures == []
