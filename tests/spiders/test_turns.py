"""A source takes its turn among the threads that wait, and no more than its share of them."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from spiders.turns import Turns

pytestmark = pytest.mark.asyncio


async def test_a_source_with_much_to_wait_for_leaves_room_for_others() -> None:
    over = threading.Event()
    under_way: list[int] = []

    def wait(number: int) -> int:
        under_way.append(number)
        over.wait(20)
        return number

    with ThreadPoolExecutor(4) as threads:
        slow, quick = Turns(threads, 2), Turns(threads, 2)
        waiting = [asyncio.ensure_future(slow.take(wait, number)) for number in range(10)]
        while len(under_way) < 2:
            await asyncio.sleep(0.01)
        answers = [await quick.take(lambda number: number, number) for number in range(20)]
        assert answers == list(range(20))
        assert under_way == [0, 1]
        assert not over.is_set()
        over.set()
        assert await asyncio.gather(*waiting) == list(range(10))


async def test_what_a_function_raises_comes_through_and_frees_its_turn() -> None:
    with ThreadPoolExecutor(1) as threads:
        turns = Turns(threads, 1)
        for _ in range(3):
            with pytest.raises(ValueError, match="invalid literal"):
                await turns.take(int, "x")
        assert await turns.take(int, "7", base=8) == 7
