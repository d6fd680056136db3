"""Every part with its states on one page, for those who build pages and for the browser tests (demo and debug only)."""

from datetime import timedelta
from types import SimpleNamespace

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from yitong.core import clock
from yitong.core.errors import Missing
from yitong.core.sentences import Sentence
from yitong.faces.common import pages

LONG = "北京市密云区冯家峪镇西白莲峪村卫生服务站与首都医科大学附属北京友谊医院联合门诊"


class SampleForm(forms.Form):
    name = forms.CharField(label="姓名", help_text="与证件上一致")
    phone = forms.CharField(label="手机号", widget=forms.TextInput(attrs={"inputmode": "numeric"}))
    note = forms.CharField(label="备注", required=False, widget=forms.Textarea)
    kind = forms.ChoiceField(label="证件类型", choices=[("resident", "居民身份证"), ("passport", "护照")])
    sex = forms.ChoiceField(label="性别", choices=[("f", "女"), ("m", "男")], widget=forms.RadioSelect)
    agree = forms.BooleanField(label="我已看过并同意", help_text="可随时撤回")


@require_GET
def gallery(request: HttpRequest) -> HttpResponse:
    if not (settings.DEBUG or settings.YITONG_DEMO):
        raise Missing()
    now = clock.now()
    days = [
        {
            "name": name,
            "number": f"11-{23 + i}",
            "left": left,
            "href": "#strip" if left != "未放号" else "",
            "is_current": i == 1,
            "has_left": left.startswith("余"),
        }
        for i, (name, left) in enumerate(
            [
                ("明天", "余 12"),
                ("周二", "余 3"),
                ("周三", "约满"),
                ("周四", "停诊"),
                ("周五", "余 128"),
                ("周六", "余 1"),
                ("周日", "未放号"),
            ]
        )
    ]
    context = {
        "long": LONG,
        "now": now,
        "soon": now + timedelta(minutes=12),
        "far": now + timedelta(days=1, hours=3),
        "form": SampleForm(initial={"kind": "resident"}),
        "wrong": SampleForm({"wrong-name": "", "wrong-phone": "1"}, prefix="wrong"),
        "days": days,
        "windows": [
            {"time": "8:00–8:30", "left": "约满", "href": ""},
            {"time": "8:30–9:00", "left": "余 2", "href": "#windows"},
            {"time": "13:30–14:00", "left": "余 10", "href": "#windows"},
        ],
        "doctor": SimpleNamespace(
            mark="林",
            name="林知远",
            title="主任医师",
            about="擅长冠心病、心律失常的诊治。" * 4,
            tags=["专家", "可复诊"],
        ),
        "doctor_long": SimpleNamespace(
            mark="欧", name="欧阳买买提·阿卜杜热合曼", title="副主任医师、副教授", about="", tags=[LONG]
        ),
        "people": [
            {
                "id": "1",
                "name": "王*明（本人）",
                "note": "居民身份证 尾号 1234",
                "is_chosen": True,
                "is_disabled": False,
            },
            {
                "id": "2",
                "name": "王*",
                "note": "还没有通过实名核验，暂不能预约",
                "is_chosen": False,
                "is_disabled": True,
            },
        ],
        "steps": [
            {"name": "选时间", "is_done": True, "is_current": False},
            {"name": "选就诊人", "is_done": False, "is_current": True},
            {"name": "确认", "is_done": False, "is_current": False},
        ],
        "facts": [
            ("就诊时间", "明天 11月22日 周日 上午 9:00–9:30", "请提前 15 分钟到"),
            ("地点", LONG, ""),
            ("费用", "50 元", ""),
        ],
        "refusal": Sentence("号源已被预约", "请选择相邻的时间，或看看其他日期。"),
        "rows": [("09:00", "王*明", "已预约"), ("09:30", LONG, "已报到")],
    }
    return pages.page(request, "common/gallery/gallery.html", context)
