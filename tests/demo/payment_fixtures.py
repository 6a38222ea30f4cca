import pytest

from tests.demo.payment_process import SandboxProcess, WebhookEndpoint


@pytest.fixture(name="endpoint")
def endpoint_fixture():
    endpoint = WebhookEndpoint()
    yield endpoint
    endpoint.close()


@pytest.fixture(name="sandbox")
def sandbox_fixture(tmp_path, endpoint):
    sandbox = SandboxProcess(tmp_path / "payments.sqlite3", webhook_url=endpoint.url, min_expiry_seconds=1).start()
    yield sandbox
    if sandbox.process.poll() is None:
        sandbox.stop()
