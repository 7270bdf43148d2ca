"""Who asks, and whether they may: JSON Web Tokens of apps, installation tokens and their permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jwt

from tests.fakes.github.errors import ApiError, bad_credentials, not_accessible, not_found
from tests.fakes.github.model import App, Installation, Repository, Token

if TYPE_CHECKING:
    from tests.fakes.github.world import World

LEVELS = {"read": 1, "write": 2, "admin": 3}
JWT_LIFE = 600
"""Seconds a JSON Web Token may live at most."""
DRIFT = 60


def identify(world: World, authorization: str) -> tuple[App | None, Token | None]:
    """The app (by its JSON Web Token) or the token shown; neither for an anonymous request."""
    scheme, _, value = authorization.partition(" ")
    if not authorization:
        return None, None
    if scheme.lower() not in {"bearer", "token"}:
        raise bad_credentials()
    if value.count(".") == 2:
        return verified_app(world, value), None
    token = world.tokens.get(value)
    if token is None or token.expires_at <= world.clock():
        raise bad_credentials()
    if token.installation and token.installation.id not in world.installations:
        raise bad_credentials()
    if token.installation and token.installation.suspended_at is not None:
        raise ApiError(403, "This installation has been suspended")
    return None, token


def verified_app(world: World, value: str) -> App:
    try:
        issuer = str(jwt.decode(value, options={"verify_signature": False}).get("iss", ""))
    except jwt.PyJWTError:
        raise ApiError(401, "A JSON web token could not be decoded") from None
    for app in world.apps.values():
        if issuer in {str(app.id), app.client_id}:
            break
    else:
        raise ApiError(401, "A JSON web token could not be decoded")
    try:
        claims = jwt.decode(
            value, app.public_key, algorithms=["RS256"], leeway=DRIFT, options={"require": ["exp", "iat"]}
        )
    except jwt.ExpiredSignatureError:
        raise ApiError(
            401, "'Expiration time' claim ('exp') must be a numeric value representing the future time"
        ) from None
    except jwt.PyJWTError:
        raise ApiError(401, "A JSON web token could not be decoded") from None
    if claims["exp"] > world.clock() + JWT_LIFE + DRIFT:
        raise ApiError(401, "'Expiration time' claim ('exp') is too far in the future")
    return app


def check_app(app: App | None) -> None:
    if app is None:
        raise ApiError(401, "A JSON web token could not be decoded")


def check_permission(world: World, token: Token | None, repository: Repository | None, needs: str) -> None:
    """Reads of what is public are open to all; a write, or a private repository, takes a token that reaches it."""
    name, _, level = needs.partition(":")
    public_read = level == "read" and (repository is None or not repository.private)
    if token is None:
        if not public_read:
            raise not_found() if repository and repository.private else ApiError(401, "Requires authentication")
        return
    if token.installation is None:
        if repository and repository.permission_of(token.person) == "none":
            raise not_found()
        return
    reached = repository is None or reaches(world, token, token.installation, repository)
    if not reached:
        if repository and repository.private:
            raise not_found()
        if not public_read:
            raise not_accessible()
        return
    if LEVELS.get(token.permissions.get(name, ""), 0) < LEVELS[level]:
        raise not_accessible()


def reaches(world: World, token: Token, installation: Installation, repository: Repository) -> bool:
    if token.repositories is not None and repository.id not in token.repositories:
        return False
    return world.covers(installation, repository)
