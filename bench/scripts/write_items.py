"""Writes items of a day as `compute_kpis.py` does, for the loader: top songs of as many genres as it takes.
Prints their digest, as the load plan names it.

python write_items.py OUT_PARQUET --day 2024-06-25 --items 10000 --changed 100
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).parents[2] / "glue-scripts"))

from music_streaming.items import digest_of

ITEMS = """
copy (
    select
        format('top_song#{}#genre={},rank={}', $day, genre, rank) as id,
        'top_song' as metric_type,
        $day as date,
        (1000 + number + if(number < $changed, 1, 0))::double as value,
        format('{{"genre":"{}","rank":{}}}', genre, rank) as dimensions,
        format(
            '{{"artists":"Artist {}","genre":"{}","track_id":"{:022d}","track_name":"Song {}"}}',
            number // 3, genre, number, number
        ) as metadata
    from (
        select range as number, format('genre-{:04d}', range // 3) as genre, range % 3 + 1 as rank
        from range($items)
    )
    order by id
) to '{out}' (format parquet)
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--day", required=True)
    parser.add_argument("--items", type=int, required=True)
    parser.add_argument("--changed", type=int, required=True, help="items whose value is one higher than otherwise")
    given = parser.parse_args()
    query = ITEMS.replace("{out}", given.out)
    duckdb.execute(query, {"day": given.day, "items": given.items, "changed": given.changed})
    print(digest_of(duckdb.execute("from read_parquet(?)", [given.out]).fetchall()))


if __name__ == "__main__":
    main()
