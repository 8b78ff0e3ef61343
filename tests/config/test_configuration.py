"""Configuration: finding the project, reading its file, and what the environment adds."""

from __future__ import annotations

from pathlib import Path

import pytest

from chargen.config.configuration import configuration, secrets
from chargen.config.settings_table import KnownProvider
from chargen.errors import StartError
from chargen.model.request import ProviderSettings
from chargen.providers import known_providers

TABLE = '[tool.chargen]\nprompts = "templates"\n'


def complaint(folder: Path, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(StartError) as caught:
        configuration(folder, environ or {}, known_providers())
    return str(caught.value)


def test_the_project_is_found_from_a_folder_inside_it(tmp_path: Path) -> None:
    """The closest `pyproject.toml` with the table counts; one without it is passed over."""
    (tmp_path / "pyproject.toml").write_text(TABLE)
    inner = tmp_path / "tools" / "deep"
    inner.mkdir(parents=True)
    (inner.parent / "pyproject.toml").write_text("[project]\nname = 'tool'\n")
    found = configuration(inner, {}, known_providers())
    assert found.root == tmp_path.resolve()
    assert found.settings.prompts == "templates"


def test_a_project_inside_another_is_its_own(tmp_path: Path) -> None:
    """The closest table wins."""
    (tmp_path / "pyproject.toml").write_text(TABLE)
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "pyproject.toml").write_text("[tool.chargen]\n")
    assert configuration(tmp_path / "inner", {}, known_providers()).root == (tmp_path / "inner").resolve()


def test_no_project_is_told_with_the_way_to_make_one(tmp_path: Path) -> None:
    """Nothing could start."""
    assert "hint: change to the project's folder, or make a project with `chargen init`" in complaint(tmp_path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"[tool.chargen]\nprompts = \n", "pyproject.toml:2:11: error: not valid TOML: invalid value"),
        (b"[tool.chargen]\nx = sk-secret\n", "pyproject.toml:2:5: error: not valid TOML: invalid value"),
        (b"[tool.chargen]\nx = '''\n", "pyproject.toml:3:1: error: not valid TOML: "),
        (b"[tool.chargen]\n# caf\xe9\n", "pyproject.toml:2:6: error: this file is not UTF-8"),
        (
            b'[tool.chargen.routes]\n"a/b" = "sketch/sketch"\n"a/b" = "sketch/sketch"\n',
            "pyproject.toml:3:24: error: not valid TOML: this key stands twice\n  hint: keep one of them",
        ),
        (
            b"[tool.chargen.routes]\n[tool.chargen.routes]\n",
            "pyproject.toml:2:21: error: not valid TOML: this table stands twice\n  hint: put what is below both",
        ),
        (b"[tool]\nchargen = {x = 1, x = 2}\n", "pyproject.toml:2:24: error: not valid TOML: this key stands twice"),
        (
            b"\xef\xbb\xbf[tool.chargen]\n",
            "pyproject.toml:1:1: error: TOML has no byte order mark, and this file begins",
        ),
        (b"[tool]\nchargen = 3\n", "pyproject.toml: error: `tool.chargen` must be a table"),
        (b"[tool.chargen]\npromts = 'x'\n", "pyproject.toml:2:1: error: unknown setting `promts`"),
    ],
)
def test_a_file_that_can_not_be_used_is_told_where(tmp_path: Path, data: bytes, message: str) -> None:
    """Syntax, encoding and settings are told with line and column, and no value is repeated."""
    (tmp_path / "pyproject.toml").write_bytes(data)
    text = complaint(tmp_path)
    assert text.startswith(message)
    assert "sk-" not in text


def test_what_is_no_file_is_told_and_not_passed_over(tmp_path: Path) -> None:
    """A folder, or a link to nothing: the project may be here."""
    path = tmp_path / "pyproject.toml"
    path.mkdir()
    assert "pyproject.toml: error: can't read this file: is a directory" in complaint(tmp_path)
    path.rmdir()
    path.symlink_to("nowhere")
    assert "pyproject.toml: error: can't read this file: no such file or directory" in complaint(tmp_path)


def test_windows_line_ends_count_as_one(tmp_path: Path) -> None:
    """The place of a problem is the same whichever line ends the file has."""
    (tmp_path / "pyproject.toml").write_bytes(b"[tool.chargen]\r\n\r\npromts = 'x'\r\n")
    assert complaint(tmp_path).startswith("pyproject.toml:3:1: ")


def test_a_base_url_comes_from_the_file_else_from_the_environment(tmp_path: Path) -> None:
    """An empty variable is as good as none, and the file comes first."""
    (tmp_path / "pyproject.toml").write_text(f'{TABLE}providers.openai.base_url = "http://file/v1"\n')
    environ = {"OPENAI_BASE_URL": "http://env/v1", "GOOGLE_GEMINI_BASE_URL": "http://env/"}
    settings = configuration(tmp_path, environ, known_providers()).settings
    assert settings.provider("openai").base_url == "http://file/v1"
    assert settings.provider("google") == ProviderSettings(base_url="http://env/")
    assert (
        configuration(tmp_path, {"GOOGLE_GEMINI_BASE_URL": " "}, known_providers()).settings.provider("google").base_url
        is None
    )


def test_a_base_url_of_the_environment_is_checked_and_not_repeated(tmp_path: Path) -> None:
    """A password in it must not get into a message."""
    (tmp_path / "pyproject.toml").write_text(TABLE)
    text = complaint(tmp_path, {"OPENAI_BASE_URL": "http://me:hunter2@host/"})
    assert "`OPENAI_BASE_URL` must not hold a user" in text
    assert "hunter2" not in text


def test_secrets_are_values_of_variables_named_as_keys() -> None:
    """Keys and tokens of any service are taken, each once; other variables are not."""
    environ = {
        "OPENAI_API_KEY": "k1", "GEMINI_API_KEY": "k2", "GOOGLE_API_KEY": "k2", "GITHUB_TOKEN": "k3",
        "AWS_SECRET_ACCESS_KEY": "k4", "XAI_APIKEY": "k5", "ANTHROPIC_API_KEY": "", "MAX_TOKENS": "9",
        "KEYBOARD": "qwerty", "PATH": "/bin",
    }  # fmt: skip
    assert secrets(environ, {}) == ("k1", "k2", "k3", "k4", "k5")
    assert secrets({"FLUX_PASS": "k6"}, {"flux": KnownProvider(keys=("FLUX_PASS",))}) == ("k6",)
