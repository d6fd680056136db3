"""What the parts on the gallery are shown with: plain values as presenters make them, in every state."""

import re
from datetime import datetime, timedelta
from pathlib import Path

from django import forms
from django.contrib.staticfiles import finders

from yitong.core.sentences import Sentence
from yitong.faces.common import charts

LONG = "北京市密云区冯家峪镇西白莲峪村卫生服务站与首都医科大学附属北京友谊医院联合门诊"
LONG_NAME = "欧阳买买提·阿卜杜热合曼"
RARE_NAME = "王𬀩㛃"  # Extension E and A: characters that are in use as names


def icons() -> list[str]:
    """Every drawing of the sprite."""
    sprite = Path(str(finders.find("yitong/icons.svg"))).read_text(encoding="utf-8")
    return re.findall(r'<symbol id="([a-z-]+)"', sprite)


class SampleForm(forms.Form):
    name = forms.CharField(label="姓名", help_text="与证件上一致")
    phone = forms.CharField(label="手机号", widget=forms.TextInput(attrs={"inputmode": "numeric"}))
    note = forms.CharField(label="备注", required=False, widget=forms.Textarea)
    kind = forms.ChoiceField(label="证件类型", choices=[("resident", "居民身份证"), ("passport", "护照")])
    sex = forms.ChoiceField(label="性别", choices=[("f", "女"), ("m", "男")], widget=forms.RadioSelect)
    agree = forms.BooleanField(label="我已看过并同意", help_text="可随时撤回")


class ClosedForm(SampleForm):
    def __init__(self, **kwargs: object) -> None:
        super().__init__(prefix="closed", **kwargs)  # type: ignore[arg-type]
        for field in self.fields.values():
            field.disabled = True


def drawing() -> str:
    """What the numbers look like, as the office draws them."""
    bars = [charts.Bar(name, int(booked.replace(",", "")), booked) for name, booked, _missed in ROWS]
    return charts.rows(bars, "各院预约。最多的是协和医院：2,381。全部数字见表格。").drawing


def day(name: str, number: int, left: str, *, is_current: bool = False) -> dict[str, object]:
    return {
        "name": name,
        "number": f"11-{number}",
        "left": left,
        "href": "" if left == "未放号" else "#strip",
        "is_current": is_current,
        "has_left": left.startswith("余"),
    }


def days() -> dict[str, object]:
    said = ("余 12", "余 3", "约满", "停诊", "余 128", "余 1", "未放号")
    names = ("明天", "周二", "周三", "周四", "周五", "周六", "周日")
    return {
        "days": [
            day(name, 23 + n, left, is_current=n == 1) for n, (name, left) in enumerate(zip(names, said, strict=True))
        ],
        "days_full": [day(name, 23 + n, "约满") for n, name in enumerate(names)],
        "windows": [
            {"time": "8:00–8:30", "left": "约满", "href": ""},
            {"time": "8:30–9:00", "left": "余 2", "href": "#windows"},
            {"time": "9:00–9:30", "left": "已选", "href": "#windows", "is_chosen": True},
            {"time": "13:30–14:00", "left": "余 10，限复诊", "href": "#windows"},
        ],
        "windows_full": [{"time": f"{hour}:00–{hour}:30", "left": "约满", "href": ""} for hour in (8, 9, 10)],
    }


def persons() -> dict[str, object]:
    return {
        "doctor": {
            "mark": "林",
            "name": "林知远",
            "title": "主任医师",
            "about": "擅长冠心病、心律失常的诊治。" * 4,
            "tags": ["专家", "可复诊"],
            "is_usual": True,
        },
        "doctor_bare": {"mark": "王", "name": RARE_NAME, "title": "医师", "about": "", "tags": []},
        "doctor_long": {"mark": "欧", "name": LONG_NAME, "title": "副主任医师、副教授", "about": "", "tags": [LONG]},
        "people": [
            {
                "id": "1",
                "name": "王*明（本人）",
                "note": "居民身份证 尾号 1234",
                "is_chosen": True,
                "href": "#g-switcher",
                "is_current": True,
            },
            {"id": "2", "name": LONG_NAME, "note": "", "href": "#g-switcher"},
            {"id": "3", "name": "王*", "note": "还没有通过实名核验，暂不能预约", "is_disabled": True, "href": ""},
        ],
    }


def acts(now: datetime) -> dict[str, object]:
    return {
        "soon": now + timedelta(minutes=12),
        "far": now + timedelta(days=1, hours=3),
        "past": now - timedelta(seconds=1),
        "form": SampleForm(initial={"kind": "resident"}),
        "wrong": SampleForm({"wrong-name": "", "wrong-phone": "1", "wrong-kind": "resident"}, prefix="wrong"),
        "closed": ClosedForm(initial={"name": LONG_NAME, "kind": "resident", "sex": "f"}),
        "steps": [
            {"name": "选时间", "is_done": True, "is_current": False},
            {"name": "选就诊人", "is_done": False, "is_current": True},
            {"name": "确认", "is_done": False, "is_current": False},
        ],
        "steps_long": [
            {"name": name, "is_done": n == 0, "is_current": n == 1}
            for n, name in enumerate(("填写就诊人的身份信息", "等待公安实名核验的结果", "绑定各医院的就诊卡"))
        ],
        "facts": [
            ("就诊时间", "明天 11月22日 周日 上午 9:00–9:30", "请提前 15 分钟到"),
            ("地点", LONG, ""),
            ("费用", "50 元", ""),
        ],
        "prose": (
            "“号源”由医院放出（每天 8:00），用 App 或电话都能约；",
            "请带上身份证、医保卡和以前的 CT 片子。挂号费 50 元，就诊前一天 14:00 前可退。",
        ),
        "refusal": Sentence("号源已被预约", "请选择相邻的时间，或看看其他日期。"),
        "undo": {"path": "/gallery/undo/", "key": "sample"},
    }


HALVES = ("上午", "下午")


def week(*, is_empty: bool = False) -> dict[str, object]:
    """The grid of a week: rooms, with a sitting that moves, one that is over, two in one cell, a long one and none."""
    names = ("周一 11-23", "周二 11-24", "周三 11-25", "周四 11-26", "周五 11-27", "周六 11-28", "周日 11-29")
    sittings = {
        (0, 0, 0): [_sitting("1", "林知远", "主任 · 余 3"), _sitting("2", "陈一", "普通 · 余 12")],
        (0, 1, 1): [_sitting("3", "赵敏", "已停诊", is_over=True)],
        (1, 3, 0): [_sitting("4", LONG_NAME, "副主任 · 约满", tag="替诊")],
    }
    rows = [
        {
            "name": name,
            "note": note,
            "href": "",
            "cells": [
                {
                    "key": f"{row}:{column}:{half}",
                    "label": f"{name} {day_name} {half_name}",
                    "entries": sittings.get((row, column, half), []),
                    "add": f"#add-{row}-{column}-{half}",
                    "is_today": column == 3,
                    "is_closed": column == 6,
                }
                for column, day_name in enumerate(names)
                for half, half_name in enumerate(HALVES)
            ],
        }
        for row, (name, note) in enumerate((("1 诊室", "门诊楼 3 层"), ("2 诊室", LONG), ("3 诊室", "")))
    ]
    return {
        "id": "week-empty" if is_empty else "week",
        "caption": "心外科 · 一周出诊" if is_empty else "心内科 · 一周出诊",
        "corner": "诊室",
        "columns": 15,
        "days": [{"name": name, "halves": HALVES, "is_today": n == 3} for n, name in enumerate(names)],
        "rows": [] if is_empty else rows,
    }


def _sitting(key: str, title: str, note: str, *, tag: str = "", is_over: bool = False) -> dict[str, object]:
    return {
        "id": key,
        "title": title,
        "note": note,
        "tag": tag,
        "href": f"#sitting-{key}",
        "is_movable": not is_over,
        "is_over": is_over,
    }


ROWS = [("友谊医院", "1,204", "31"), ("协和医院", "2,381", "58"), (LONG, "87", "2")]
NUMBERS = {
    "caption": "各院预约",
    "heads": [{"name": "医院"}, {"name": "预约", "is_number": True}, {"name": "爽约", "is_number": True}],
    "rows": ROWS,
}
BOOKED = [("9:00", "王*明", 3), ("9:30", LONG_NAME, 12), ("10:00", "王*", 7), ("10:30", "李*", 1)]
