"""The device that asks: a long-lived random value in its cookie, and a name for people made from the browser's own."""

import secrets

from django.http import HttpRequest, HttpResponse

from yitong.domains.people.contracts.accounts import Client
from yitong.faces.common.security import client_address

DEVICE_COOKIE = "yitong_device"
DEVICE_S = 400 * 24 * 3600
SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)
BROWSERS = (
    ("MicroMessenger", "WeChat"),
    ("AlipayClient", "Alipay"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)


def client_of(request: HttpRequest) -> Client:
    device = request.COOKIES.get(DEVICE_COOKIE, "")
    if not 20 <= len(device) <= 100:
        device = secrets.token_urlsafe(24)
    return Client(device, client_address(request), label_of(request.headers.get("User-Agent", "")))


def remember(request: HttpRequest, response: HttpResponse, client: Client) -> None:
    response.set_cookie(
        DEVICE_COOKIE, client.device, max_age=DEVICE_S, httponly=True, samesite="Lax", secure=request.is_secure()
    )


def label_of(agent: str) -> str:
    """`Android · Chrome`; nothing of the browser's string itself is kept."""
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    browser = next((name for mark, name in BROWSERS if mark in agent), "")
    return " · ".join(part for part in (system, browser) if part)
