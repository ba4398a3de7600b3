"""The same work as the two Spark scripts, by DuckDB, from the same CSV: the bench's measure of what is possible.

    python duckdb_reference.py PLAN OUT_JSON [--threads N]

PLAN is the validation plan that `validate_data.py` gets. Written the way one writes DuckDB: one table of parsed rows,
one of accepted plays, and a query for each KPI. It is one process, so its start-up counts, as Spark's does.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import duckdb

# The rules in their order; the first that a row breaks is its verdict.
REASONS = """
    case
        when coalesce(user_text, '') = '' then 'missing_user_id'
        when coalesce(track_id, '') = '' then 'missing_track_id'
        when coalesce(time_text, '') = '' then 'missing_listen_time'
        when listen_time is null then 'bad_listen_time'
        when user_id is null or user_id <= 0 then 'bad_user_id'
        when not known_track and not regexp_full_match(track_id, '[0-9A-Za-z]{22}') then 'bad_track_id'
        when listen_time > $now then 'future_listen_time'
        when not known_track then 'unknown_track'
        when not known_user then 'unknown_user'
    end
"""

READ = """
create temp table judged as
select *, {reasons} as reason
from (
    select
        rows.*,
        songs.track_id is not null as known_track,
        users.user_id is not null as known_user
    from (
        select
            trim(user_id) as user_text,
            trim(track_id) as track_id,
            trim(listen_time) as time_text,
            case when regexp_full_match(trim(user_id), '[0-9]{{1,19}}')
                then try_cast(trim(user_id) as bigint) end as user_id,
            try_cast(trim(listen_time) as timestamp) as listen_time,
            source
        from ({files})
    ) rows
    left join songs on songs.track_id = rows.track_id
    left join users on users.user_id = rows.user_id
)
"""

# Counting the rows of each distinct play is both the search for duplicates and their removal.
PLAYS = """
create temp table plays as
select
    listen_time::date::varchar as day,
    hour(listen_time) as hour,
    plays.user_id,
    plays.track_id,
    genre,
    duration_ms,
    country
from (select distinct user_id, track_id, listen_time from judged where reason is null) plays
join songs on songs.track_id = plays.track_id
join users on users.user_id = plays.user_id
"""

KPIS = {
    "genres": """
        select day, genre, count(*), count(distinct user_id), sum(duration_ms)::bigint
        from plays group by all order by all
    """,
    "songs": """
        select day, genre, rank, track_id, listens
        from (
            select *, row_number() over (partition by day, genre order by listens desc, track_id) as rank
            from (select day, genre, track_id, count(*) as listens from plays group by all)
        )
        where rank <= 3 order by all
    """,
    "artists": """
        select day, rank, artist, listens
        from (
            select *, row_number() over (partition by day order by listens desc, artist) as rank
            from (
                select day, artist, sum(listens)::bigint as listens
                from (
                    select day, listens, unnest(list_distinct(list_filter(
                        list_transform(string_split(artists, ';'), lambda name: trim(name)), lambda name: name <> ''
                    ))) as artist
                    from (select day, track_id, count(*) as listens from plays group by all)
                    join songs using (track_id)
                )
                group by all
            )
        )
        where rank <= 10 order by all
    """,
    "days": """
        select day, count(*), count(distinct user_id), sum(duration_ms)::bigint from plays group by all order by all
    """,
    "hours": "select day, hour, count(*), count(distinct user_id) from plays group by all order by all",
    "countries": "select day, country, count(*), count(distinct user_id) from plays group by all order by all",
}


def reference(database: duckdb.DuckDBPyConnection, plan: dict[str, Any]) -> None:
    with open(plan["reference"]["uri"]) as document:
        files = json.load(document)
    songs, users = ([file["uri"] for file in files[kind]] for kind in ("songs", "users"))
    options = "header = true, all_varchar = true, quote = '\"', escape = '\"', delim = ','"
    database.execute(
        f"""
        create temp table songs as
        select trim(track_id) as track_id, track_name, artists, trim(track_genre) as genre,
            try_cast(trim(duration_ms) as bigint) as duration_ms
        from read_csv($files, {options})
        where try_cast(trim(duration_ms) as bigint) between 1 and 24 * 3600 * 1000 - 1
        qualify row_number() over (partition by trim(track_id)) = 1
        """,
        {"files": songs},
    )
    database.execute(
        f"""
        create temp table users as
        select try_cast(trim(user_id) as bigint) as user_id, trim(user_country) as country
        from read_csv($files, {options})
        qualify row_number() over (partition by trim(user_id)) = 1
        """,
        {"files": users},
    )


def judge(database: duckdb.DuckDBPyConnection, plan: dict[str, Any]) -> dict[str, Any]:
    """Rows by verdict, first reason and file, as the quality report has them."""
    options = "header = true, all_varchar = true, null_padding = true, quote = '\"', escape = '\"', delim = ','"
    files = " union all by name ".join(
        f"select *, '{file['id']}' as source from read_csv('{file['uri']}', {options})" for file in plan["files"]
    )
    now = plan["now"].removesuffix("Z").replace("T", " ")
    database.execute(READ.format(reasons=REASONS.replace("$now", f"timestamp '{now}'"), files=files))
    database.execute(PLAYS)
    reasons = database.execute("select reason, count(*) from judged group by all").fetchall()
    [(distinct,)] = database.execute("select count(*) from plays").fetchall()
    accepted = sum(count for reason, count in reasons if reason is None)
    review = sum(count for reason, count in reasons if reason in ("unknown_track", "unknown_user"))
    rejected = sum(count for _, count in reasons) - accepted - review
    database.execute(
        "select source, day, hour, count(*) from (select source, listen_time::date as day, "
        "hour(listen_time) as hour from judged where reason is null) group by all"
    ).fetchall()
    return {
        "rows": {
            "delivered": accepted + rejected + review,
            "valid": distinct,
            "duplicate": accepted - distinct,
            "rejected": rejected,
            "underReview": review,
        },
        "firstReasons": dict(sorted(r for r in reasons if r[0] is not None)),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("plan")
    parser.add_argument("out")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    with open(arguments.plan, encoding="utf-8") as file:
        plan = json.load(file)
    database = duckdb.connect()
    database.execute(f"set threads = {arguments.threads}")
    reference(database, plan)
    result = judge(database, plan)
    result["kpis"] = {name: database.execute(query).fetchall() for name, query in KPIS.items()}
    with open(arguments.out, "w", encoding="utf-8") as file:
        json.dump(result, file)


if __name__ == "__main__":
    main()
