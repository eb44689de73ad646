#!/usr/bin/env -S uv run --script

# /// script
# dependencies = ["nox>=2025.10.14"]
# ///

"""The same checks as `.ci/run`, each in an environment of its own: `nox`, or `nox -s tests-3.13`."""

import nox

nox.needs_version = ">=2025.10.14"
nox.options.default_venv_backend = "uv|virtualenv"

PROJECT = nox.project.load_toml("pyproject.toml")


@nox.session(python=["3.11", "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """Run the tests."""
    session.install("-e.", *nox.project.dependency_groups(PROJECT, "test"))
    session.run("pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format and the repository's layout."""
    session.install(*nox.project.dependency_groups(PROJECT, "lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("repo-review", ".")


@nox.session
def typing(session: nox.Session) -> None:
    """Check the types of src/."""
    session.install("-e.", *nox.project.dependency_groups(PROJECT, "typing"))
    session.run("mypy")


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Time every workload against every peer."""
    session.install("-e.", *nox.project.dependency_groups(PROJECT, "bench"))
    session.run("python", "benchmarks/suite.py", *session.posargs)


@nox.session(default=False)
def build(session: nox.Session) -> None:
    """Build the wheel and the source archive."""
    session.install("build")
    session.run("python", "-m", "build")


if __name__ == "__main__":
    nox.main()
