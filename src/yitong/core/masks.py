"""How personal data looks in lists, in logs and on screens that others can see (R-108).

Total: odd input gives stars, never an error.
"""

import re
import unicodedata

STAR = "*"
_LONGEST_READ = 64  # characters looked at: longer input is odd, and only its shape is shown
_LONGEST_SHOWN = 24
_MOBILE = re.compile(r"1[0-9]{10}")
_COUNTRY_CODE = re.compile(r"(?:\+|00)?86(?=1[0-9]{10}$)")

_COMPOUND = (  # two characters each
    "欧阳太史端木上官司马东方独孤南宫万俟闻人夏侯诸葛尉迟公羊赫连澹台皇甫宗政濮阳公冶太叔申屠公孙慕容"
    "仲孙钟离长孙宇文司徒鲜于司空闾丘子车亓官司寇巫马公西颛孙壤驷公良漆雕乐正宰父谷梁拓跋夹谷轩辕令狐"
    "段干百里呼延东郭南门羊舌微生公户梁丘左丘东门西门南荣第五纳兰完颜叶赫富察钮祜"
)
COMPOUND_SURNAMES = frozenset(_COMPOUND[i : i + 2] for i in range(0, len(_COMPOUND), 2))


def name(value: object) -> str:
    """`张*`, `欧阳*`, `J*`: the surname of a Chinese name, the first letter of any other; no length either."""
    text = _text(value).strip()
    if not text:
        return ""
    letters = [c for c in text if unicodedata.category(c)[0] == "L"]
    if len(letters) < 2 or letters[0] != text[0]:
        return STAR
    if len(letters) > 2 and text[:2] in COMPOUND_SURNAMES:
        return text[:2] + STAR
    marks = 1
    while marks < min(len(text), 4) and unicodedata.category(text[marks])[0] == "M":
        marks += 1  # an accent or a variation selector belongs to the character before it
    return text[:marks] + STAR


def identity_number(value: object) -> str:
    """`110***********0011` for eighteen characters; anything else is shown as `document_number` shows it."""
    text = _compact(value)
    if len(text) == 18:
        return text[:3] + STAR * 11 + text[-4:]
    return document_number(text)


def document_number(value: object) -> str:
    """Passport, permit or card: the first and the last two characters of a long one, the first of a short one."""
    text = _compact(value)
    if len(text) < 4:
        return STAR * len(text)
    if len(text) < 8:
        return _shown(text, 1, 0)
    return _shown(text, 1, 2)


def phone(value: object) -> str:
    """`138****0000`; a number of another shape keeps its first two and last two characters, a short one nothing."""
    text = _COUNTRY_CODE.sub("", _compact(value))
    if _MOBILE.fullmatch(text):
        return text[:3] + STAR * 4 + text[-4:]
    if len(text) < 7:
        return STAR * len(text)
    return _shown(text, 2, 2)


def _shown(text: str, first: int, last: int) -> str:
    stars = min(len(text), _LONGEST_SHOWN) - first - last
    return text[:first] + STAR * stars + (text[-last:] if last else "")


def _compact(value: object) -> str:
    """Only letters and digits (and a leading +), as someone would read the number out."""
    text = unicodedata.normalize("NFKC", _text(value))
    plus = "+" if text.lstrip().startswith("+") else ""
    return plus + "".join(c for c in text if unicodedata.category(c)[0] in "LN")


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return STAR
    if isinstance(value, int):
        return str(value) if abs(value) < 10**_LONGEST_READ else STAR
    return unicodedata.normalize("NFC", value[:_LONGEST_READ])
