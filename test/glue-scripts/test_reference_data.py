"""Songs and users as they are delivered: RFC 4180, with rows that are missing, double or of no use."""

from __future__ import annotations

import gzip
import json
import os
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from music_streaming.errors import ReferenceDataError
from music_streaming.reference import ReferenceData, load_reference
from support.rows import lines, play, table, track
from support.toolchain import CHECKOUT
from support.world import COUNTRIES, SONG_HEADER, SONGS, USER_HEADER, World, songs_csv, users_csv

SONG_ROWS = [
    (0, track(1), 'Zoë & the "Quotes"; Señor, Comma', "album", 'He said "hi", twice', 1, 1000, "pop"),
    (1, track(2), "Line\nBreaker", "album", "first line\r\nsecond line", 1, 2000, "pop"),
    (2, track(3), "蒼井; Мария", "album", "日本語 🎵", 1, 3000, "j-pop"),
    (3, track(1), "Another", "album", "the same id again", 1, 9999, "rock"),
    (4, track(4), "", "album", "", 1, 0, "silence"),
    (5, "short", "A", "album", "no id", 1, 1000, "pop"),
    (6, track(5), "A", "album", "no genre", 1, 1000, " "),
    (7, track(6), "A", "album", "no duration", 1, "", "pop"),
    (8, track(7), "A", "album", "no number", 1, "3:20", "pop"),
    (9, track(8), "A", "album", "negative", 1, -5, "pop"),
    (10, track(9), "A", "album", "too long", 1, "99999999999999999999", "pop"),
    (11, track(10), "A", "album", "far too long", 1, "9" * 10_000, "pop"),
    (12, track(11), "A", "album", "a fraction", 1, "1000.5", "pop"),
    # The first row that can be used counts.
    (13, track(12), "A", "album", "no duration yet", 1, "", "pop"),
    (14, track(12), "B", "album", "at last", 1, "0" * 10_000 + "12", "folk"),
    (15, track(12), "C", "album", "too late", 1, 13, "jazz"),
    (16, track(13), " ; ;", "album", "nobody's", 1, 1000, "pop"),
]

USER_ROWS = [
    (1, "Ann", 30, "Côte d'Ivoire", "2024-01-01"),
    (2, "Bob, the second", 31, '"Quoted" Land', "2024-01-01"),
    (1, "Ann again", 32, "Elsewhere", "2024-01-01"),
    (0, "Nobody", 33, "Nowhere", "2024-01-01"),
    ("x", "X", 34, "Nowhere", "2024-01-01"),
    (3, "Homeless", 35, "", "2024-01-01"),
    (4,),
]


Content = bytes | str


def load(folder: Path, songs: Content | dict[str, Content], users: Content | dict[str, Content]) -> ReferenceData:
    """Loads a file, or several by their keys, the oldest first."""
    listed: dict[str, list[dict[str, str]]] = {}
    for kind, given in (("songs", songs), ("users", users)):
        listed[kind] = []
        for key, content in (given if isinstance(given, dict) else {f"{kind}.csv": given}).items():
            path = folder / f"{kind}-{key}"
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            listed[kind].append({"key": key, "uri": str(path)})
    return load_listed(folder, listed)


def load_listed(folder: Path, listed: dict[str, list[dict[str, str]]]) -> ReferenceData:
    document = folder / "judged.json"
    document.write_text(json.dumps(listed))
    return load_reference({"version": "v1", "uri": str(document)})


@pytest.fixture
def awkward(tmp_path: Path) -> ReferenceData:
    return load(tmp_path, table(SONG_HEADER, SONG_ROWS), table(USER_HEADER, USER_ROWS))


def test_quotes_commas_line_ends_and_letters_of_all_alphabets_are_part_of_a_field(awkward: ReferenceData) -> None:
    songs = {song.track_id: (song.track_name, song.artists) for song in awkward.songs}
    assert songs[track(1)] == ('He said "hi", twice', 'Zoë & the "Quotes"; Señor, Comma')
    assert songs[track(2)] == ("first line\r\nsecond line", "Line\nBreaker")
    assert songs[track(3)] == ("日本語 🎵", "蒼井; Мария")
    assert awkward.users == {1: "Côte d'Ivoire", 2: '"Quoted" Land'}


def test_of_a_key_the_first_row_of_a_file_counts_and_rows_of_no_use_are_left_out(awkward: ReferenceData) -> None:
    songs = {song.track_id: song for song in awkward.songs}
    assert list(songs) == [track(n) for n in (1, 2, 3, 12, 13)]
    assert (songs[track(1)].genre, songs[track(1)].duration_ms) == ("pop", 1000)
    assert songs[track(12)] == (track(12), "at last", "B", "folk", 12)
    figures = ("rows", "unique", "duplicates", "unusable", "conflicts")
    assert {kind: [counts[name] for name in figures] for kind, counts in awkward.counts.items()} == {
        "songs": [17, 5, 2, 10, 2],
        "users": [7, 2, 1, 4, 1],
    }
    assert awkward.counts["songs"]["firstConflicts"][0] == {
        "key": track(1),
        "kept": 'songs.csv: pop, 1000 ms, He said "hi", twice by Zoë & the "Quotes"; Señor, Comma',
        "dropped": "songs.csv: rock, 9999 ms, the same id again by Another",
    }


def test_of_a_key_in_several_files_the_newest_counts_and_what_it_replaces_is_named(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        songs_csv(SONGS),
        {
            "old.csv": table(USER_HEADER, [(1, "A", 1, "Oldland", ""), (2, "B", 1, "Same", "")]),
            "new.csv": table(
                USER_HEADER, [(1, "A", 1, "Newland", ""), (1, "A", 1, "Later", ""), (2, "B", 2, "Same", "")]
            ),
            "newest.csv": table(USER_HEADER, [(3, "C", 1, "x" * 500, ""), (3, "C", 1, "y", "")]),
        },
    )
    assert found.users == {1: "Newland", 2: "Same", 3: "x" * 500}
    counts = found.counts["users"]
    assert (counts["rows"], counts["unique"], counts["duplicates"], counts["conflicts"]) == (7, 3, 4, 2)
    assert counts["firstConflicts"] == [
        {"key": "1", "kept": "new.csv: Newland", "dropped": "new.csv: Later"},
        {"key": "3", "kept": f"newest.csv: {'x' * 120}…", "dropped": "newest.csv: y"},
    ]
    assert [(file["key"], file["rows"]) for file in counts["files"]] == [
        ("old.csv", 2),
        ("new.csv", 3),
        ("newest.csv", 2),
    ]


def test_of_many_keys_that_disagree_the_first_ten_are_named(tmp_path: Path) -> None:
    users = {land: table(USER_HEADER, [(n, "U", 1, land, "") for n in range(1, 30)]) for land in ("here", "there")}
    counts = load(tmp_path, songs_csv(SONGS), users).counts["users"]
    assert counts["conflicts"] == 29
    assert [entry["key"] for entry in counts["firstConflicts"]] == [str(n) for n in range(1, 11)]
    assert counts["firstConflicts"][0] == {"key": "1", "kept": "there: there", "dropped": "here: here"}


def test_columns_are_found_by_name_in_any_order(tmp_path: Path) -> None:
    users = "\ufeff" + table(("user_country", "more", "user_id"), [("Here", "x", 7)])
    songs = table(("track_genre", "duration_ms", "artists", "track_name", "track_id"), [("g", 5, "a", "n", track(1))])
    found = load(tmp_path, songs, gzip.compress(users.encode()))
    assert found.users == {7: "Here"}
    assert found.songs[0] == (track(1), "n", "a", "g", 5)


def test_several_files_are_one_table(tmp_path: Path) -> None:
    found = load(tmp_path, {"a": songs_csv(SONGS[:10]), "b": songs_csv(SONGS[5:])}, users_csv(COUNTRIES))
    assert len(found.songs) == len(SONGS)
    assert (found.counts["songs"]["duplicates"], found.counts["songs"]["conflicts"]) == (5, 0)


CASES = json.loads((Path(__file__).parent / "support" / "reference-rows.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_row_is_judged_as_the_worker_judges_it(tmp_path: Path, case: dict[str, Any]) -> None:
    usable: dict[str, Content] = {
        "songs": table(
            ("track_id", "track_name", "artists", "track_genre", "duration_ms"), [("z" * 22, "", "", "g", 1)]
        ),
        "users": table(("user_id", "user_country"), [(999, "Elsewhere")]),
    }
    files = {kind: {"usable": content} for kind, content in usable.items()}
    files[case["kind"]]["case"] = case["content"].encode(case.get("encoding", "utf-8"))
    if "problem" in case["expected"]:
        with pytest.raises(ReferenceDataError, match=f"^case: {re.escape(case['expected']['problem'])}"):
            load(tmp_path, files["songs"], files["users"])
        return
    counts = load(tmp_path, files["songs"], files["users"]).counts[case["kind"]]
    assert counts["files"][1] == {"key": "case", **case["expected"]}


def test_padding_of_a_compressed_file_is_no_data(tmp_path: Path) -> None:
    padded = gzip.compress(users_csv(COUNTRIES).encode()) + bytes(1000)
    assert len(load(tmp_path, songs_csv(SONGS), padded).users) == len(COUNTRIES)


@pytest.mark.parametrize(
    ("songs", "message"),
    [
        (table(("track_id", "artists"), []), "track_name, track_genre, duration_ms"),
        ("", "track_id"),
        (table(SONG_HEADER, []), "none of the 0 rows"),
        (table(SONG_HEADER, SONG_ROWS[5:13]), "none of the 8 rows"),
        (gzip.compress(table(SONG_HEADER, SONG_ROWS).encode())[:-9], "the songs can't be read"),
        (table(SONG_HEADER, SONG_ROWS) + '"' + "x" * 200_000, "not CSV from line"),
    ],
    ids=["columns missing", "empty", "no rows", "no usable row", "broken gzip", "not CSV"],
)
def test_reference_data_of_no_use_fails_and_says_why(tmp_path: Path, songs: bytes | str, message: str) -> None:
    with pytest.raises(ReferenceDataError, match=message):
        load(tmp_path, songs, users_csv(COUNTRIES))


def test_reference_data_that_is_gone_is_named(tmp_path: Path) -> None:
    gone = [{"key": "reference/songs/gone.csv", "uri": str(tmp_path / "gone.csv")}]
    with pytest.raises(ReferenceDataError, match=r"reference/songs/gone\.csv: the songs can't be read"):
        load_listed(tmp_path, {"songs": gone, "users": []})
    with pytest.raises(ReferenceDataError, match=r"no .*none\.json, which check_reference_data writes"):
        load_reference({"version": "v1", "uri": str(tmp_path / "none.json")})


def test_plays_of_songs_and_users_without_a_usable_row_are_under_review(world: World) -> None:
    reference = world.deliver_reference(table(SONG_HEADER, SONG_ROWS), table(USER_HEADER, USER_ROWS), "awkward")
    validation = world.validate(
        {"a.csv": lines(play(1, song=1), play(2, song=6), play(3, user=3), play(4, song=9), play(5, user=4, song=5))},
        reference=reference,
    )
    assert validation.counts("a.csv") == (1, 0, 0, 4)
    assert [row["reasons"] for row in validation.set_aside("a.csv")] == [
        ["unknown_track"],
        ["unknown_user"],
        ["unknown_track"],
        ["unknown_track", "unknown_user"],
    ]
    assert validation.report["referenceVersion"] == "awkward"
    assert validation.report["reference"]["songs"]["unusable"] == 10


REAL_DATA = Path(os.environ.get("MSP_REAL_DATA", CHECKOUT.parent / "shared" / "data"))


@pytest.mark.skipif(
    not (REAL_DATA / "songs.csv").exists(),
    reason="the real data set is not here (set MSP_REAL_DATA to its folder)",
)
def test_the_real_songs_are_read_as_another_reader_of_rfc_4180_reads_them(tmp_path: Path) -> None:
    songs, users = REAL_DATA / "songs.csv", REAL_DATA / "users.csv"
    found = load_listed(tmp_path, {kind.stem: [{"key": kind.name, "uri": str(kind)}] for kind in (songs, users)})
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT track_id, track_name, artists, track_genre, CAST(duration_ms AS BIGINT)"
            " FROM read_csv(?, all_varchar = true, quote = '\"', escape = '\"', parallel = false)",
            [str(songs)],
        ).fetchall()
    assert found.counts["songs"]["rows"] == len(rows)
    # One song has a duration of 0.
    assert found.counts["songs"]["unusable"] == sum(ms == 0 for *_, ms in rows) == 1
    others = {id: (name or "", artists or "", genre, ms) for id, name, artists, genre, ms in rows if ms > 0}
    assert {song.track_id: song[1:] for song in found.songs} == others
