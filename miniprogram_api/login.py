"""Login (登录): `wx.login` gives a code, the platform tells us whose it is, the client gets a token."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from app.core.errors import BadInput, Forbidden, Unauthenticated
from app.services import identities, sessions, villagers
from app.web.auth import token_of
from app.web.context import Context, InContext, ReadSession, WriteSession
from app.wechat.client import MiniProgramSession
from app.wechat.errors import ApiRefused
from miniprogram_api import answers
from miniprogram_api.callers import KIND, AsAnybody, AsVillager, Limited
from miniprogram_api.fields import Code

CODE_REFUSED = (40029, 40163)  # not ours or older than five minutes; used before
USER_REFUSED = 40226  # the platform takes this user for a fraud

router = APIRouter(tags=["登录"])


class CodeIn(BaseModel):
    """A one-time code of the platform."""

    code: Code = Field(examples=["0a1Xyz000abcde"])


class Login(BaseModel):
    """A login. Send the token as `Authorization: Bearer …`; it is good until `expires_at` or logout."""

    token: str = Field(examples=["uY3…"])
    expires_at: datetime


class Me(BaseModel):
    """The villager who is logged in. `follows` says whether messages of the Official Account reach him."""

    village: answers.VillageName | None
    follows: bool
    phone_shared: bool


class Phone(BaseModel):
    """The shared number, masked."""

    phone: str = Field(examples=["138****5678"])


@router.post("/login", status_code=201, dependencies=[Depends(Limited("login", "120/minute"))])
def login(body: CodeIn, here: InContext, _acting: AsAnybody) -> Login:
    """小程序登录：用 wx.login 的 code 换取令牌。

    401 login.code_invalid：code 无效或已用过，请再调用一次 wx.login；403 login.user_refused：微信判定为
    高风险用户；503：微信繁忙，或小程序还没有配置。"""
    asked = _ask(here, body.code)
    with here.database.transaction() as session:
        identity = identities.identify(
            session,
            app_id=here.accounts.miniprogram.app_id,
            openid=asked.openid,
            unionid=asked.unionid,
        )
        opened = sessions.open_for_identity(
            session, identity=identity, kind=KIND, keys=here.keys, session_key=asked.session_key
        )
    return Login(token=opened.token, expires_at=opened.session.expires_at)


def _ask(here: Context, code: str) -> MiniProgramSession:
    try:
        return here.miniprogram.code_to_session(code)
    except ApiRefused as refusal:
        if refusal.errcode in CODE_REFUSED:
            raise Unauthenticated("login.code_invalid", "登录已失效，请重新打开小程序再试。") from refusal
        if refusal.errcode == USER_REFUSED:
            raise Forbidden(
                "login.user_refused", "微信暂时不允许这个账号登录，请改用扫码打开的网页。"
            ) from refusal
        raise


@router.post("/logout", status_code=204)
def logout(request: Request, here: InContext, session: WriteSession, _acting: AsAnybody) -> Response:
    """退出登录：令牌立即失效；没有登录也算成功。"""
    sessions.close(session, token=token_of(request, KIND) or "", kind=KIND, keys=here.keys)
    return Response(status_code=204)


@router.get("/me")
def me(here: InContext, session: ReadSession, acting: AsVillager) -> Me:
    """当前村民：上次扫码的村、是否关注公众号、是否已授权手机号。"""
    known = villagers.profile(
        session,
        acting=acting,
        miniprogram=here.accounts.miniprogram.app_id,
        official=here.accounts.official.app_id,
    )
    village = answers.village_of(session, known.village) if known.village else None
    return Me(village=village, follows=known.follows, phone_shared=known.phone_shared)


@router.post("/phone")
def phone(body: CodeIn, here: InContext, acting: AsVillager) -> Phone:
    """授权手机号：getPhoneNumber 按钮给的 code（不是 wx.login 的 code），五分钟内有效，只能用一次。"""
    client = here.miniprogram
    with here.database.reading() as session:
        openid = villagers.openid(session, acting=acting, app_id=here.accounts.miniprogram.app_id)
    if openid is None:
        raise Unauthenticated("login.required", "请先登录。")
    try:
        number = client.phone_number(body.code, openid).pure_number
    except ApiRefused as refusal:
        if refusal.errcode in CODE_REFUSED:
            raise BadInput("phone.code_invalid", "手机号授权已失效，请再点一次授权按钮。") from refusal
        raise
    with here.database.transaction() as session:
        return Phone(phone=villagers.share_phone(session, acting=acting, number=number, keys=here.keys))
