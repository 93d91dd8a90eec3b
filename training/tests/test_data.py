"""Sets of pictures as people have them, and what is wrong with them."""

import csv
import zipfile
from pathlib import Path

import pytest
import torch
from made_up import made_up, write_set
from torch import Tensor

import augment
import data
import look
import recipe
from data import FaceSet
from expressions import EXPRESSIONS, VOTES


def equal(a: FaceSet, b: FaceSet) -> bool:
    """The same pictures with the same truths, in any order."""

    def rows(faces: FaceSet) -> list[tuple[object, ...]]:
        zipped = zip(faces.digests(), faces.labels.tolist(), faces.votes.tolist())
        return sorted((digest, label, tuple(votes)) for digest, label, votes in zipped)

    return rows(a) == rows(b)


def write_table(folder: Path, training: FaceSet, test: FaceSet) -> None:
    """The challenge's fer2013.csv and FER+'s table; PrivateTest must be left alone."""
    usages = {"Training": training, "PublicTest": test, "PrivateTest": made_up(5, seed=9)}
    with (
        (folder / "fer2013.csv").open("w", newline="") as pixels,
        (folder / "fer2013new.csv").open("w", newline="") as votes,
    ):
        faces, asked = csv.writer(pixels), csv.writer(votes)
        faces.writerow(["emotion", "pixels", "Usage"])
        asked.writerow(["Usage", "Image name", *VOTES[:-1], "NF"])
        for usage, own in usages.items():
            for picture, label, row in zip(own.pictures, own.labels, own.votes):
                line = " ".join(map(str, picture.flatten().tolist()))
                faces.writerow([int(label), line, usage])
                asked.writerow([usage, "", *map(int, row)])


def test_zips_folders_and_the_challenges_table_hold_the_same(tmp_path: Path) -> None:
    training, test = made_up(21, seed=0), made_up(14, seed=1)
    forms = [tmp_path / name for name in ("zips", "folders", "table", "both", "zipped")]
    zips, folders, table, both, zipped = forms
    for folder in forms:
        folder.mkdir()
    for name, faces, usage in (
        (data.TRAIN_SET, training, "train"),
        (data.TEST_SET, test, "test"),
    ):
        write_set(zips / name, faces, usage)
        with zipfile.ZipFile(zips / name) as archive:
            archive.extractall(folders)
        (folders / usage / "angry").rename(folders / usage / "anger")  # others' spelling
        votes = (zips / name).with_suffix(".csv").read_text().replace("/angry/", "/anger/")
        (folders / f"{usage}.csv").write_text(votes)
    write_table(table, training, test)
    with zipfile.ZipFile(both / "archive.zip", "w") as archive:  # Kaggle's
        for file in folders.rglob("*.png"):
            archive.write(file, Path("fer") / file.relative_to(folders))
    for usage in ("train", "test"):
        (both / f"{usage}.csv").write_text((folders / f"{usage}.csv").read_text())
    with zipfile.ZipFile(zipped / "challenge.zip", "w") as archive:
        archive.write(table / "fer2013.csv", "fer2013/fer2013.csv")
    (zipped / "fer2013new.csv").write_text((table / "fer2013new.csv").read_text())
    for folder in forms:
        found = data.read_both(folder)
        assert equal(found[0], training) and equal(found[1], test), folder.name


def test_folders_of_something_else_and_short_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="holds no pictures"):
        data.read_both(tmp_path)
    write_set(tmp_path / "x.zip", made_up(7, seed=0), "train")
    with zipfile.ZipFile(tmp_path / "x.zip", "a") as archive:
        archive.writestr("train/bored/1.png", archive.read("train/angry/0000.png"))
    with pytest.raises(ValueError, match="bored"):
        data.read(tmp_path / "x.zip")
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n0,1 2 3,Training\n")
    with pytest.raises(ValueError, match="line 2: 3 pixels"):
        data.read_both(tmp_path)


def test_pictures_that_kaggle_names_after_private_test_are_left_out(tmp_path: Path) -> None:
    write_set(tmp_path / "test.zip", made_up(14, seed=0), "test")
    with zipfile.ZipFile(tmp_path / "test.zip") as archive:
        archive.extractall(tmp_path)
    public = data.read(tmp_path / "test")
    for picture in (tmp_path / "test" / "happy").iterdir():
        picture.rename(picture.with_name(f"PrivateTest_{picture.name}"))
    left = data.read(tmp_path / "test")
    assert equal(
        left, public.pick((public.labels != EXPRESSIONS.index("happy")).nonzero()[:, 0].tolist())
    )


def test_votes_of_other_pictures_are_refused(tmp_path: Path) -> None:
    write_set(tmp_path / data.TRAIN_SET, made_up(14, seed=0), "train")
    votes = (tmp_path / data.TRAIN_SET).with_suffix(".csv")
    votes.write_text(votes.read_text().replace(".png", ".jpg"))
    with pytest.raises(SystemExit, match="names not one picture of"):
        data.read(tmp_path / data.TRAIN_SET)


def test_blank_pictures_and_copies_are_counted() -> None:
    faces = made_up(30, seed=2)
    faces.pictures[3] = 77  # blank
    faces.pictures[5] = faces.pictures[4]  # another label
    faces.pictures[17] = faces.pictures[10]  # the same label
    assert look.faults(faces) == {"blank": 1, "copies": 2, "copies with two labels": 2}


def test_a_random_fifth_takes_all_given_pictures_once(tmp_path: Path) -> None:
    write_set(tmp_path / data.TRAIN_SET, made_up(80, seed=0), "train")
    write_set(tmp_path / data.TEST_SET, made_up(20, seed=1), "test")
    training, validation, judged = data.load(tmp_path, "random-fifth")
    assert (len(training), len(judged)) == (80, 20)
    assert equal(validation, judged)
    assert equal(training.joined(judged), made_up(80, seed=0).joined(made_up(20, seed=1)))
    again, _, _ = data.load(tmp_path, "random-fifth")
    assert torch.equal(again.pictures, training.pictures)
    with pytest.raises(ValueError, match="random-tenth"):
        data.load(tmp_path, "random-tenth")


def test_everything_learns_from_the_validation_pictures_too(tmp_path: Path) -> None:
    write_set(tmp_path / data.TRAIN_SET, made_up(80, seed=0), "train")
    write_set(tmp_path / data.TEST_SET, made_up(20, seed=1), "test")
    training, validation, judged = data.load(tmp_path)
    every, watched, same = data.load(tmp_path, "everything")
    assert equal(every, training.joined(validation))
    assert equal(watched, validation) and equal(same, judged)
    assert data.keeps_validation("digest") and not data.keeps_validation("everything")


def test_what_was_judged_by_is_told_from_its_number() -> None:
    assert data.measured_on("digest", 3589) == "PublicTest"
    assert data.measured_on("everything", 3589) == "PublicTest"
    assert data.measured_on("digest", data.PUBLIC_AND_PRIVATE) == "Public+Private"
    assert data.measured_on("random-fifth", data.PUBLIC_AND_PRIVATE) == "random fifth"


def test_look_draws_what_it_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_set(tmp_path / data.TRAIN_SET, made_up(140, seed=0), "train")
    write_set(tmp_path / data.TEST_SET, made_up(35, seed=1), "test")
    path = Path(__file__).parents[1] / "recipes" / "vggnet.toml"
    arguments = ["look.py", str(path), "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    monkeypatch.setattr("sys.argv", arguments)
    look.main()
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"classes.png", "samples.png"}


def test_samples_show_what_the_last_cycle_sees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_set(tmp_path / data.TRAIN_SET, made_up(140, seed=0), "train")
    write_set(tmp_path / data.TEST_SET, made_up(35, seed=1), "test")
    shown: list[recipe.Augmentation | None] = []

    def noted(_: Tensor, settings: recipe.Augmentation | None, side: int) -> Tensor:
        shown.append(settings)
        return torch.zeros(8, 1, side, side)

    path = recipe.RECIPES / "mien-m-challenge.toml"
    arguments = ["look.py", str(path), "--data", str(tmp_path), "--out", str(tmp_path)]
    monkeypatch.setattr("sys.argv", arguments)
    monkeypatch.setattr(look, "augment", noted)
    look.main()
    whole = recipe.load(path).augmentation
    assert whole and whole.weakened(0.3) in shown and whole not in shown


def test_each_way_to_move_a_picture_does_what_it_says() -> None:
    """A lit quarter at the top left tells where things went."""
    torch.manual_seed(0)
    picture = torch.zeros(64, 1, 48, 48)
    picture[:, :, :24, :24] = 255
    still = recipe.Augmentation(flip=False)
    torch.testing.assert_close(augment.augment(picture, still), picture, atol=1e-3, rtol=0)
    assert torch.equal(augment.augment(picture, None), picture)

    def corners(settings: recipe.Augmentation) -> set[tuple[int, ...]]:
        seen = augment.augment(picture, settings)[:, 0]
        places = ((12, 12), (12, 36), (36, 12), (36, 36))
        return {tuple(int(face[y, x] > 128) for y, x in places) for face in seen}

    assert corners(recipe.Augmentation()) == {(1, 0, 0, 0), (0, 1, 0, 0)}
    upside = recipe.Augmentation(flip=False, flip_vertical=True)
    assert corners(upside) == {(1, 0, 0, 0), (0, 0, 1, 0)}

    def lit(settings: recipe.Augmentation) -> tuple[torch.Tensor, torch.Tensor]:
        """How far the light reaches along the top and along the left, in pixels."""
        seen = augment.augment(picture, settings)[:, 0] > 128
        return seen[:, 0].sum(dim=1), seen[:, :, 0].sum(dim=1)

    across, down = lit(recipe.Augmentation(flip=False, shear=30.0))
    assert across.float().std() > 2, "the top is pushed sideways"
    assert (down - 24).abs().max() <= 12
    picture[:, :, 12:, :] = picture[:, :, :, 12:] = 0  # a corner away from the middle
    across, down = lit(recipe.Augmentation(flip=False, zoom=0.2))
    assert across.float().std() > 0.5 and down.float().std() > 0.5
    assert not torch.equal(across, down), "width and height go by themselves"
