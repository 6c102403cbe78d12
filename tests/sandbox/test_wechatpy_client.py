"""wechatpy's own client, pointed at the sandbox, finds the platform it expects."""

import pytest
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException

from tests.sandbox.support import APP_ID, OFFICER, SECRET, Sandbox, good_data


class SandboxClient(WeChatClient):
    """The token's address is fixed in wechatpy; here it points at the sandbox."""

    def fetch_access_token(self) -> object:
        return self._fetch_access_token(
            url=f"{self.API_BASE_URL}token",
            params={"grant_type": "client_credential", "appid": self.appid, "secret": self.secret},
        )


@pytest.fixture
def client(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> SandboxClient:
    """The client."""
    monkeypatch.setenv("NO_PROXY", "*")
    client = SandboxClient(APP_ID, SECRET, timeout=10)
    client.API_BASE_URL = f"{sandbox.address}/cgi-bin/"
    return client


def test_token_code_message_and_user(sandbox: Sandbox, client: SandboxClient) -> None:
    assert client.fetch_access_token()["expires_in"] == 7200  # type: ignore[index]
    scene = {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "v1"}}}
    ticket = client.qrcode.create(scene)
    sandbox.control("scan", persona=OFFICER, content=ticket["url"])
    openid = sandbox.openid(OFFICER)
    template = sandbox.template("审核任务提醒")
    sent = client.message.send_template(openid, template["template_id"], good_data(template))
    assert sent["msgid"] > 2**53
    user = client.user.get(openid)
    assert (user["subscribe"], user["qr_scene_str"]) == (1, "v1")
    with pytest.raises(WeChatClientException) as refused:
        client.message.send_template(openid, "wrong", {})
    assert refused.value.errcode == 40037
    client._http.close()
