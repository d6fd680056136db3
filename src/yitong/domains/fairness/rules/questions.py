"""The check of the slow path: questions that everybody can answer who reads them or hears them read (R-224).

They don't prove that a person answers: a program with our words in it answers as well. They take each account its own
turn, at a reader's pace and few times an hour, which is what trading in slots at scale can't afford.
"""

import random
from collections.abc import Sequence

from yitong.domains.fairness.contracts import Question

ASKED = 2  # questions in one check: guessed once in sixteen
CHOICES = 4

# What is asked for, and what fits. What fits none of the others stands in one of them alone.
KINDS: tuple[tuple[tuple[str, str], tuple[tuple[str, str], ...]], ...] = (
    (
        ("哪一样是吃的？", "Which of these do people eat?"),
        (
            ("馒头", "bread"),
            ("豆腐", "tofu"),
            ("白菜", "cabbage"),
            ("鸡蛋", "an egg"),
            ("面条", "noodles"),
            ("米饭", "rice"),
        ),
    ),
    (
        ("哪一样是穿戴的？", "Which of these do people wear?"),
        (("帽子", "a hat"), ("袜子", "socks"), ("毛衣", "a sweater"), ("手套", "gloves"), ("裤子", "trousers")),
    ),
    (
        ("哪一样能坐着出门？", "Which of these can take you somewhere?"),
        (("公交车", "a bus"), ("火车", "a train"), ("出租车", "a taxi"), ("地铁", "the metro"), ("飞机", "a plane")),
    ),
    (
        ("哪一个是动物？", "Which of these is an animal?"),
        (("小狗", "a dog"), ("老虎", "a tiger"), ("燕子", "a swallow"), ("山羊", "a goat"), ("青蛙", "a frog")),
    ),
    (
        ("哪一个是天气？", "Which of these is weather?"),
        (("下雨", "rain"), ("刮风", "wind"), ("下雪", "snow"), ("起雾", "fog"), ("晴天", "sunshine")),
    ),
    (
        ("哪一样是写字用的？", "Which of these does one write with?"),
        (("铅笔", "a pencil"), ("钢笔", "a pen"), ("粉笔", "chalk"), ("毛笔", "a brush for writing")),
    ),
)


def questions(seed: int) -> list[Question]:
    """The questions of one check. The same seed gives the same ones, so that nobody reloads until they are easy."""
    return [question for question, _ in _drawn(seed)]


def is_right(seed: int, picked: Sequence[int]) -> bool:
    """Whether every question is answered, and rightly."""
    return list(picked) == [right for _, right in _drawn(seed)]


def _drawn(seed: int) -> list[tuple[Question, int]]:
    chance = random.Random(seed)
    found = []
    for kind in chance.sample(range(len(KINDS)), ASKED):
        text, fitting = KINDS[kind]
        others = chance.sample([one for one in range(len(KINDS)) if one != kind], CHOICES - 1)
        options = [chance.choice(KINDS[other][1]) for other in others]
        right = chance.randrange(CHOICES)
        options.insert(right, chance.choice(fitting))
        found.append((Question(text, tuple(options)), right))
    return found
