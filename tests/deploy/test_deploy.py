"""What `deploy/` has an operator run works, on a machine that has only what it installs."""

import re
import shlex
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from opensink_web.keyring import new_key
from tests.deploy.container_image import Image
from tests.support.opensink_up import free_port
from tests.support.real_servers import EmbeddedRedis, PostgresServer, wait_until

pytestmark = pytest.mark.server

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = DEPLOY / "systemd"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    image = Image(tmp_path_factory.mktemp("image"))
    image.build(DEPLOY / "Containerfile", ROOT)
    return image


@pytest.fixture
def servers(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[dict[str, str]]:
    """An empty PostgreSQL and a Redis, as settings."""
    with EmbeddedRedis(tmp_path) as redis:
        yield {"DATABASE_URL": postgres_server.empty_database(), "REDIS_URL": redis.url}


def test_the_image_runs_everything(image: Image, tmp_path: Path) -> None:
    port = free_port()
    own = {"PORT": str(port), "DATA_DIR": str(tmp_path / "data"), "HOST": "127.0.0.1"}
    assert image.user == "10001:10001"
    print_key = [*image.entry_point, "rotate-key", "--print-new"]
    key = subprocess.run(print_key, env=image.environment(own), capture_output=True, text=True)
    assert key.returncode == 0
    assert len(key.stdout.strip()) == len(new_key())
    with started([*image.entry_point, *image.command], image.environment(own)) as process:
        wait_until(lambda: status_of(port, "/readyz") == 200)
        check = image.health_check.replace("7465", str(port))
        subprocess.run(["sh", "-c", check], env=image.environment(), check=True)
        process.terminate()
        assert process.wait(100) == 0
    failed = subprocess.run(["sh", "-c", check], env=image.environment(), capture_output=True)
    assert failed.returncode != 0


def test_the_services_of_compose_work_together(image: Image, servers: dict[str, str]) -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    services: dict[str, Any] = compose["services"]
    ours = {name: each for name, each in services.items() if each["image"] == "opensink"}
    own = {"SECRET_KEY": "s" * 40, "ENCRYPTION_KEYS": new_key(), "POSTGRES_PASSWORD": "pw"}
    port = free_port()

    def process_of(service: Mapping[str, Any]) -> tuple[list[str], dict[str, str]]:
        given = {name: filled(text, own) for name, text in service["environment"].items()}
        assert given["DATABASE_URL"] == "postgresql://opensink:pw@db:5432/opensink"
        assert given["REDIS_URL"] == "redis://redis:6379/0"
        environment = image.environment(
            {**given, **servers, "PORT": str(port), "HOST": "127.0.0.1"}
        )
        return [*image.entry_point, *service["command"]], environment

    command, environment = process_of(ours.pop("migrate"))
    subprocess.run(command, env=environment, check=True, capture_output=True)
    with ExitStack() as stack:
        for service in ours.values():
            stack.enter_context(started(*process_of(service)))
        wait_until(lambda: status_of(port, "/readyz") == 200)
        check = [part.replace("7465", str(port)) for part in ours["web"]["healthcheck"]["test"]]
        subprocess.run(check[1:], env=image.environment(), check=True)
    parts = {tuple(service["command"]) for service in ours.values()}
    assert parts == {("web",), ("worker",), ("sweeper",)}


def test_the_units_of_systemd_work_together(image: Image, servers: dict[str, str]) -> None:
    own = {"SECRET_KEY": "s" * 40, "ENCRYPTION_KEYS": new_key(), **servers}
    port = free_port()
    with settings_file(image, own), ExitStack() as stack:
        for name in ("migrate", "web", "worker@", "sweeper"):
            command, environment = process_of_unit(image, f"opensink-{name}.service")
            environment["PORT"] = str(port)
            process = stack.enter_context(started(command, environment))
            if name == "migrate":
                assert process.wait(100) == 0
        wait_until(lambda: status_of(port, "/readyz") == 200)


def test_one_unit_runs_everything(image: Image, tmp_path: Path) -> None:
    port = free_port()
    command, environment = process_of_unit(image, "opensink.service")
    environment |= {"PORT": str(port), "DATA_DIR": str(tmp_path / "data")}
    with started(command, environment):
        wait_until(lambda: status_of(port, "/readyz") == 200)


@pytest.mark.parametrize("unit", sorted(path.name for path in UNITS.iterdir()))
def test_what_a_unit_names_is_there(unit: str) -> None:
    lines = entries(UNITS / unit)
    named = " ".join(
        text
        for name, text in lines
        if name in {"Requires", "Conflicts", "PartOf", "WantedBy", "After", "Wants"}
    )
    for name in re.findall(r"opensink\S*", named):
        assert (UNITS / name).exists(), name
    # these run what they are told to: no unit may be able to become root, or write beside its data
    if unit.endswith(".service"):
        assert {
            ("User", "opensink"),
            ("NoNewPrivileges", "yes"),
            ("ProtectSystem", "strict"),
            ("UMask", "0077"),
        } <= set(lines)


def filled(text: str, variables: Mapping[str, str]) -> str:
    """Return a text of compose with its variables in it; one that must be given is."""

    def value_of(match: re.Match[str]) -> str:
        name, mark, default = match.groups()
        return variables.get(name, "") or (default if mark == ":-" else variables[name])

    return re.sub(r"\$\{(\w+)(:-|:\?)([^}]*)\}", value_of, text)


def entries(unit: Path) -> list[tuple[str, str]]:
    """Return what stands in a unit, in its order: names may come twice."""
    lines = (line.partition("=") for line in unit.read_text().splitlines())
    return [(name, text) for name, sign, text in lines if sign and not name.startswith("#")]


def process_of_unit(image: Image, name: str) -> tuple[list[str], dict[str, str]]:
    """Return the command of a service and its environment, as systemd would put it together."""
    lines = entries(UNITS / name)
    variables = dict(text.split("=", 1) for key, text in lines if key == "Environment")
    for file in (text.lstrip("-") for key, text in lines if key == "EnvironmentFile"):
        path = Path(image.mapped(file))
        if path.exists():
            variables |= dict(entries(path))
    (command,) = [text for key, text in lines if key == "ExecStart"]
    # systemd gives none of the image's own variables
    bare = image.environment(variables) | {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    for name_of_image in image.variables.keys() - variables.keys() - {"PATH"}:
        del bare[name_of_image]
    return shlex.split(image.mapped(command)), bare


@contextmanager
def started(
    command: Sequence[str], environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Have a command run, and end it as an operator would: it must end by itself, and well."""
    process = subprocess.Popen(command, env=environment, cwd=environment["HOME"])
    try:
        yield process
    finally:
        process.terminate()
        assert process.wait(100) == 0, command


@contextmanager
def settings_file(image: Image, values: Mapping[str, str]) -> Iterator[None]:
    """Fill in the file of settings as an operator would, where the units look for it."""
    text = (DEPLOY / "opensink.env").read_text()
    for name, value in values.items():
        line = f"{name}={value}".replace("\\", r"\\")
        text, count = re.subn(rf"(?m)^#?{name}=.*$", line, text)
        assert count == 1, name
    file = Path(image.mapped("/etc/opensink/opensink.env"))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    yield
    file.unlink()


def status_of(port: int, path: str) -> int:
    """Return with which status a server answers; 0 without one."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=100) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
