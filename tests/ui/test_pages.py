"""The pages, driven in Debian's Chromium as a person would."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, sync_playwright

from corral import UserClient
from tests import real_media
from tests.servers import Server

FLAGS = "no-sandbox disable-gpu disable-quic no-first-run disable-background-networking disable-component-update"


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium, args=[f"--{flag}" for flag in [*FLAGS.split(), "disable-sync"]]
        )
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Any, server: Server) -> Iterator[Page]:
    """A signed-in page that must end without script errors."""
    opened = browser.new_page(viewport={"width": 1200, "height": 900}, bypass_csp=True)
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    opened.goto(server.cli("user", "sign-in").strip())
    yield opened
    opened.close()
    assert problems == []


@pytest.fixture
def dataset(server: Server, tmp_path: Path) -> Any:
    client = UserClient.create_with_ssh_private_key(ssh_private_key_path=server.admin_key, domain=server.url)
    made = client.create_dataset(f"pages {uuid.uuid4().hex[:8]}")
    assert made.backing_folder_uuid
    folder = client.get_storage_folder(made.backing_folder_uuid)
    folder.upload_image(real_media.photos()[0], title="<b>photo</b>", client_metadata={"split": "train"})
    folder.upload_video(next(path for path in real_media.videos() if "bunny" in path.name), title="bunny")
    folder.upload_audio(real_media.make_wav(tmp_path / "a.wav"), title="tone")
    folder.create_dicom_series(real_media.ct_series(), title="ct")
    folder.upload_pdf(real_media.make_pdf(tmp_path / "a.pdf"), title="document")
    note = tmp_path / "note.html"
    note.write_text("<script>document.title = 'owned'</script>hello")
    folder.upload_text(note, title="note.html")
    return client.get_dataset(made.dataset_hash)


def test_from_the_list_to_an_item(page: Page, dataset: Any, server: Server) -> None:
    page.goto(f"{server.url}/datasets")
    page.click(f"text={dataset.title}")
    assert page.locator(".card").count() == 6
    page.wait_for_function("[...document.querySelectorAll('.card img')].every(i => i.complete && i.naturalWidth > 0)")
    assert "640 x 427" in page.locator(".card").first.inner_text()
    page.fill("input[type=search]", "bun")
    page.wait_for_function("document.querySelectorAll('.card').length === 1")
    page.click(".card")
    page.wait_for_function("document.querySelector('video')?.readyState >= 1")
    assert page.evaluate("document.querySelector('video').duration") == pytest.approx(5.28, abs=0.1)
    page.evaluate("document.querySelector('video').currentTime = 4")
    page.wait_for_function(
        "document.querySelector('video').currentTime >= 4 && !document.querySelector('video').seeking"
    )
    assert "132" in page.locator("dl").inner_text()


@pytest.mark.parametrize(
    ("title", "selector"),
    [("photo", ".content img"), ("tone", ".content audio"), ("ct", ".content .card img"), ("document", "iframe")]
    + [("note", ".content pre")],
)
def test_every_kind_has_a_page(page: Page, dataset: Any, server: Server, title: str, selector: str) -> None:
    page.goto(f"{server.url}/datasets/{dataset.dataset_hash}?search={title}")
    page.click(".card")
    page.wait_for_selector(selector)
    assert dataset.title in page.locator(".facts").inner_text()
    assert page.title() != "owned"
    if title == "photo":
        assert page.locator("h1").inner_text() == "<b>photo</b>"
        assert '"split": "train"' in page.locator(".facts").inner_text()
        page.wait_for_function("document.querySelector('.content img').naturalWidth === 640")


def test_endless_gallery(page: Page, server: Server, tmp_path: Path) -> None:
    with UserClient.create_with_ssh_private_key(ssh_private_key_path=server.admin_key, domain=server.url) as client:
        made = client.create_dataset("many", create_backing_folder=False)
        folder = client.create_storage_folder("many")
        dataset = client.get_dataset(made.dataset_hash)
        item = folder.upload_image(real_media.photos()[0])
        from corral import DataLinkDuplicatesBehavior

        dataset.link_items([item] * 60, DataLinkDuplicatesBehavior.DUPLICATE)
    page.goto(f"{server.url}/datasets/{made.dataset_hash}")
    assert page.locator(".card").count() == 48
    page.locator(".more").scroll_into_view_if_needed()
    page.wait_for_function("document.querySelectorAll('.card').length === 60")


def test_sign_in_links_work_once_and_sessions_end(page: Page, server: Server, dataset: Any) -> None:
    link = server.cli("user", "sign-in").strip()
    first = httpx.get(link)
    assert first.status_code == 303
    assert httpx.get(link).status_code == 401
    cookie = {"corral_session": first.cookies["corral_session"]}
    assert httpx.get(f"{server.url}/datasets", cookies=cookie).status_code == 200
    assert httpx.post(f"{server.url}/sign-out", cookies=cookie, data={"token": "guess"}).status_code == 403
    page.click("text=Sign out")
    page.wait_for_selector("text=corral user sign-in")
    assert httpx.get(f"{server.url}/datasets/{dataset.dataset_hash}").status_code == 303


def test_strangers_see_nothing(server: Server, dataset: Any) -> None:
    email = f"page-{uuid.uuid4().hex[:8]}@example.org"
    server.add_user(email)
    cookie = {"corral_session": httpx.get(server.cli("user", "sign-in", email).strip()).cookies["corral_session"]}
    row = dataset.data_rows[0]
    for path in (f"datasets/{dataset.dataset_hash}", f"items/{row.backing_item_uuid}"):
        answer = httpx.get(f"{server.url}/{path}", cookies=cookie)
        assert answer.status_code == 403
        assert row.title not in answer.text
    assert dataset.title not in httpx.get(f"{server.url}/datasets", cookies=cookie).text
    thumbnail = httpx.get(f"{server.url}/thumbnails/{row.backing_item_uuid}", cookies=cookie)
    assert thumbnail.headers["location"].endswith("no-preview.svg")


def test_stored_pages_cannot_run(server: Server, dataset: Any) -> None:
    row = next(row for row in dataset.data_rows if row.title == "note.html")
    row.refetch_data(signed_url=True)
    answer = httpx.get(row.signed_url)
    assert answer.headers["content-type"].startswith("text/html")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_what_lies_behind_an_integration(page: Page, server: Server, tmp_path: Path) -> None:
    client = UserClient.create_with_ssh_private_key(ssh_private_key_path=server.admin_key, domain=server.url)
    video = next(path for path in real_media.videos() if "bunny" in path.name)
    (tmp_path / "b c.mp4").write_bytes(video.read_bytes())
    photos = real_media.photos()
    for number, photo in enumerate(photos):
        (tmp_path / f"{number}.jpg").write_bytes(photo.read_bytes())
    added = client.integrations.add("local", "shelf", {"root": str(tmp_path)})
    made = client.create_dataset(f"shelf {uuid.uuid4().hex[:8]}")
    group = {f"objectUrl_{number}": (tmp_path / f"{number}.jpg").as_uri() for number in range(2)}
    client.get_dataset(made.dataset_hash).add_private_data_to_dataset(
        added.uuid,
        {
            "images": [{"objectUrl": (tmp_path / "0.jpg").as_uri(), "title": "photo"}],
            "videos": [{"objectUrl": (tmp_path / "b c.mp4").as_uri(), "title": "film"}],
            "image_groups": [{"title": "walk", "createVideo": True, **group}],
        },
    )
    page.goto(f"{server.url}/datasets/{made.dataset_hash}")
    assert page.locator(".card").count() == 3
    page.wait_for_function("[...document.querySelectorAll('.card img')].every(i => i.complete && i.naturalWidth > 0)")
    page.click("text=photo")
    page.wait_for_function("document.querySelector('.content img')?.naturalWidth === 640")
    for title in ("film", "walk"):
        page.goto(f"{server.url}/datasets/{made.dataset_hash}")
        page.click(f"text={title}")
        page.wait_for_function("document.querySelector('video')?.readyState >= 1")
        page.evaluate("document.querySelector('video').currentTime = 0.2")
        page.wait_for_function("!document.querySelector('video').seeking")
