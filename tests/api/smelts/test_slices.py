"""Between two slices of a body others have the event loop, however many posts one of them has."""

import asyncio
from collections import Counter

from api.smelts.uploads import Uploads

POSTS, SLICES = 50, 20


def test_a_tenant_with_many_posts_has_one_slice_in_each_round() -> None:
    async def scenario() -> Counter[str]:
        uploads, parsed = Uploads(), Counter[str]()

        async def post(tenant: str, slices: int) -> None:
            for _ in range(slices):
                parsed[tenant] += 1
                await uploads.pause(tenant)

        crowd = [asyncio.ensure_future(post("a", 10 * SLICES)) for _ in range(POSTS)]
        await post("b", SLICES)
        meanwhile = parsed.copy()
        await asyncio.gather(*crowd)
        assert parsed["a"] == 10 * SLICES * POSTS
        return meanwhile

    parsed = asyncio.run(scenario())
    # Each of the crowd has begun with one; after that, one of them goes on where the other tenant's post does.
    assert parsed["a"] <= POSTS + SLICES + 1
