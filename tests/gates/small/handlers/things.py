"""Things, in the memory of this process."""

from typing import Any

THINGS = {"cup": {"id": "cup", "name": "Cup"}}


async def create_thing(body: dict[str, Any]) -> tuple[dict[str, Any], int]:
    name = body["name"]
    THINGS[name.lower()] = {"id": name.lower(), "name": name}
    return THINGS[name.lower()], 201


async def get_thing(thing_id: str) -> tuple[dict[str, Any], int]:
    thing = THINGS.get(thing_id)
    return (thing, 200) if thing else ({"status": 404}, 404)


async def delete_thing(thing_id: str) -> tuple[dict[str, Any] | None, int]:
    gone = THINGS.pop(thing_id, None)
    return (None, 204) if gone else ({"status": 404}, 404)
