"""The tables that `mien report --export` wrote (tests/data/exports) as pandas opens them."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from expressions import EXPRESSIONS

EXPORTS = Path(__file__).parents[2] / "tests" / "data" / "exports"
PROBABILITIES = [*EXPRESSIONS, "contempt"]
NUMBERS = ["x", "y", "width", "height", "score", "confidence", *PROBABILITIES]
COUNTS = ["frame", "time_ms", "source_frame", "faces", "phase_number", "position", "weight"]
WORDS = ["source", "model", "label", "shown", "quality", "person", "phase"]

# What Py-Feat's read_feat passes to its Fex (feat/utils/__init__.py, feat/utils/io.py).
FACEBOX = ["FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore"]
EMOTIONS = ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"]


def test_csv_opens_with_the_documented_types() -> None:
    table = pd.read_csv(EXPORTS / "report.csv", parse_dates=["utc"])
    assert (table.dtypes[NUMBERS] == "float64").all()
    assert (table.dtypes[COUNTS] == "int64").all()
    assert table["face_id"].dtype == "float64"  # pandas' way with whole numbers that may be missing
    assert table["left_out"].dtype == "bool"
    assert isinstance(table["utc"].dtype, pd.DatetimeTZDtype)
    assert all(pd.api.types.is_string_dtype(table[name].dropna()) for name in WORDS)
    seen = table[table["face_id"].notna()]
    assert (seen[PROBABILITIES].sum(axis=1) - 1).abs().max() < 1e-4
    assert table["frame"].nunique() == 63, "no frame is missing"


def test_parquet_has_types_of_its_own_and_the_same_cells() -> None:
    path = EXPORTS / "report.parquet"
    types = {field.name: field.type for field in pq.read_schema(path)}
    small = {"faces": pa.int32(), "phase_number": pa.int32()}
    assert all(types[name] == small.get(name, pa.int64()) for name in [*COUNTS, "face_id"])
    assert all(types[name] == pa.float32() for name in NUMBERS)
    assert all(types[name] == pa.string() for name in WORDS)
    assert types["left_out"] == pa.bool_()
    assert types["utc"] == pa.timestamp("ms", tz="UTC")

    table = pd.read_parquet(path)
    csv = pd.read_csv(EXPORTS / "report.csv", keep_default_na=False, na_values=[""])
    assert list(table.columns) == list(csv.columns)
    for name in [*NUMBERS, *COUNTS, "face_id"]:
        assert ((table[name] - csv[name]).abs().fillna(0) < 1e-4).all(), name
        assert (table[name].isna() == csv[name].isna()).all(), name
    for name in ["source", "shown", "person", "phase"]:
        assert (table[name].fillna("") == csv[name].fillna("")).all(), name


def test_shares_are_the_sums_of_weights() -> None:
    table = pd.read_parquet(EXPORTS / "report.parquet")
    clear = table[(table["person"] == "Face 1") & (table["quality"] == "")]
    shown = clear.groupby("shown")["weight"].sum()
    assert shown.to_dict() == {"happy": 3500, "neutral": 1500, "uncertain": 500}


def test_pyfeat_finds_the_columns_that_it_reads() -> None:
    fex = pd.read_csv(EXPORTS / "report.pyfeat.csv")
    assert {"frame", "input", "approx_time", "Identity", *FACEBOX, *EMOTIONS} == set(fex.columns)
    assert (fex.dtypes[[*FACEBOX, *EMOTIONS]] == "float64").all()
    assert fex["frame"].dtype == "int64"
    assert fex["approx_time"].str.fullmatch(r"\d\d:\d\d").all()
    seen = fex["Identity"].notna()
    assert set(fex["Identity"][seen]) == {"Face 1", "Face 2", "Face 3"}
    assert (fex.loc[seen, EMOTIONS].sum(axis=1) - 1).abs().max() < 1e-4
    assert fex.loc[~seen, EMOTIONS].isna().all().all()
