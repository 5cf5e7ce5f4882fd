"""The page of `rollout map`: what is in it, and in a browser what it does."""

import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from rollout.mapping import page as module
from tests.unit.rollout.command_line import Ask
from tests.unit.rollout.conftest import GUARDED, WriteStacks
from tests.unit.rollout.test_changed import git
from tests.unit.settings.configs import grant, role, trust, user

EVIL = "\"'><img src=x onerror=alert(1)></style></script><script>alert(1)</script>{{ 7 }}"
BRANCH = "refs/heads/" + EVIL.replace(" ", "")
REMOTE = {**GUARDED, "aws:allowedAccountIds": ["222222222222"]}


@pytest.fixture
def root(project: WriteStacks) -> Path:
    deploy = role(
        grants=[
            grant(bucket="acme-site", access=["list", "write"], prefixes=[f"{EVIL}/"]),
            grant(bucket="acme-logs", access=["read"]),
            grant(bucket="acme-more", access=["read"]),
        ],
        trust=trust(origins=["github.com/acme/app"], refs=[BRANCH]),
        tags={"team": "web"},
    )
    full = user(grants=[grant(bucket="acme-site", access=["full"])], accessKeys=["2026-11"])
    return project(
        prod={**GUARDED, "identities": {"deploy": deploy}},
        dev={**REMOTE, "identities": {"ci": full}},
    )


@pytest.fixture
def page(ask: Ask, root: Path) -> Path:
    """The page of two stacks in a repository, with changes since its first commit."""
    git(root, "init", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-m", "first")
    file = root / "Pulumi.dev.yaml"
    file.write_text(file.read_text().replace("2026-11", "2026-12"))
    git(root, "commit", "-am", EVIL)
    assert ask(root, "map", "--html", "map.html", "--since", "HEAD~1").code == 0
    return root / "map.html"


class Elements(HTMLParser):
    """The elements of a page, with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_nothing_from_a_file_is_markup(page: Path) -> None:
    elements = Elements(page.read_text("utf-8"))
    tags = [tag for tag, _ in elements.found]
    assert (tags.count("script"), tags.count("style"), tags.count("img")) == (1, 1, 0)
    assert not [name for _, own in elements.found for name in own if name.startswith("on")]
    # A prefix, a ref and the subject of a commit; the subject three times.
    for place in (f"{EVIL}/", BRANCH, f"({EVIL})", f"{EVIL}: dev", "team=web"):
        assert place in elements.text


def test_nothing_is_fetched_from_elsewhere(page: Path) -> None:
    for tag, own in Elements(page.read_text("utf-8")).found:
        assert not {"src", "srcset", "action", "style"} & own.keys(), tag
        assert (own.get("href") or "#").startswith(("#", "data:,")), tag


def test_each_link_leads_to_a_place_of_its_own(page: Path) -> None:
    found = Elements(page.read_text("utf-8")).found
    ids = [own["id"] for _, own in found if "id" in own]
    assert len(ids) == len(set(ids))
    links = {str(own["href"])[1:] for tag, own in found if tag == "a"}
    assert links <= set(ids)


def test_buckets_with_the_same_rights_are_told_together(page: Path) -> None:
    text = Elements(page.read_text("utf-8")).text
    assert text.count("s3:GetObject on <bucket>/*") == 1
    day = re.search(r"acme-logs line \d+ \d{4}-\d\d-\d\d [0-9a-f]{9}", text)
    assert day, "since when, and by which commit"


COLORS = re.compile(r"--(\w+): (#\w+)")


def luminance(color: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    digits = color[1:] if len(color) == 7 else "".join(2 * one for one in color[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return sum(part * weight for part, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ink", ["ink", "dim", "link", "bad"])
def test_text_has_the_contrast_of_wcag_aa(scheme: str, ink: str) -> None:
    css = Path(module.__file__).with_name("page.css").read_text("utf-8")
    light, dark = css.split("@media (prefers-color-scheme: dark)")
    colors = dict(COLORS.findall(light if scheme == "light" else dark.split("* {")[0]))
    for paper in ("paper", "head", "mark", "full"):
        one, other = sorted((luminance(colors[ink]), luminance(colors[paper])))
        assert (other + 0.05) / (one + 0.05) >= 4.5, paper


# In a browser: Debian's, or what else is there.

CHROME = next(
    filter(None, map(shutil.which, ("chromium", "google-chrome", "chromium-browser"))), None
)
DRIVER = shutil.which("chromedriver")
in_browser = pytest.mark.skipif(
    CHROME is None or DRIVER is None,
    reason="no browser here: apt-get install chromium chromium-driver",
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    # CI runs as root in a container, where Chromium has no sandbox and little shared memory.
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.binary_location = str(CHROME)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def shown(chromium: webdriver.Chrome, page: Path) -> Iterator[webdriver.Chrome]:
    """The page in a browser, which must have nothing to complain about in the end."""
    chromium.get(page.as_uri())
    yield chromium
    logs: Any = chromium  # selenium gives these no types
    assert logs.get_log("browser") == []
    requests = [
        entry["message"]
        for entry in logs.get_log("performance")
        if '"Network.requestWillBeSent"' in entry["message"]
    ]
    assert requests
    assert all(page.as_uri() in one or "data:," in one for one in requests)


def visible(driver: webdriver.Chrome, selector: str) -> list[str]:
    found = driver.find_elements(By.CSS_SELECTOR, selector)
    return [one.text for one in found if one.is_displayed()]


def element(driver: webdriver.Chrome, selector: str) -> WebElement:
    return driver.find_element(By.CSS_SELECTOR, selector)


@in_browser
@pytest.mark.parametrize(
    ("text", "account", "word", "rows", "columns"),
    [
        ("", "all", "all", 2, 3),
        ("ACME-LOGS", "all", "all", 1, 1),
        ("deploy", "all", "all", 1, 3),
        ("", "222222222222", "all", 1, 1),
        ("", "all", "write", 1, 1),
        ("", "all", "full", 1, 1),
        ("nothing", "all", "all", 0, 0),
    ],
)
def test_the_filter_leaves_what_matches(
    shown: webdriver.Chrome, text: str, account: str, word: str, rows: int, columns: int
) -> None:
    element(shown, "#text").send_keys(text)
    element(shown, "#account").send_keys(account)
    element(shown, "#word").send_keys(word)
    assert len(visible(shown, "tbody tr:not(.account)")) == rows
    assert len(visible(shown, "thead th:not(.corner)")) == columns
    if (text, account, word) != ("", "all", "all"):
        assert element(shown, "#count").text == f"{rows} of 2 identities"


@in_browser
def test_a_click_on_letters_shows_what_is_behind_them(shown: webdriver.Chrome) -> None:
    link = shown.find_element(By.LINK_TEXT, "lw/")
    assert link.get_attribute("title") == "list, write, only below prefixes"
    link.click()
    text = element(shown, "dialog").text
    assert f"s3:ListBucket on acme-site where s3:prefix is {EVIL}/*" in text
    assert "acme-logs" not in text
    element(shown, "dialog").send_keys(Keys.ESCAPE)
    assert visible(shown, "dialog") == []
    assert shown.switch_to.active_element == link


@in_browser
def test_a_click_on_a_name_shows_its_trust_and_tags(shown: webdriver.Chrome) -> None:
    shown.find_element(By.CSS_SELECTOR, "tbody th[scope=row] a[href]").click()
    shown.find_element(By.CSS_SELECTOR, "dialog button").click()
    shown.find_element(By.XPATH, "//th/a[.='deploy']").click()
    text = element(shown, "dialog").text
    for told in ("any user", "github.com/acme/app", BRANCH, "team=web"):
        assert told in text


@in_browser
def test_the_keyboard_goes_from_link_to_link(shown: webdriver.Chrome) -> None:
    link = shown.find_element(By.XPATH, "//th/a[.='deploy']")
    link.send_keys(Keys.ARROW_RIGHT)
    assert shown.switch_to.active_element.text == "r"
    shown.switch_to.active_element.send_keys(Keys.ARROW_RIGHT, "")
    shown.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert shown.switch_to.active_element.text == "lw/"
    shown.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    assert shown.switch_to.active_element.text == "F"
    shown.switch_to.active_element.send_keys(Keys.ENTER)
    assert "s3:* on acme-site/*" in element(shown, "dialog").text


@in_browser
def test_on_paper_all_is_there_and_nothing_scrolls(shown: webdriver.Chrome) -> None:
    def media(name: str) -> None:
        shown.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": name})

    media("print")
    try:
        assert visible(shown, "form, nav, dialog") == []
        assert element(shown, ".scroll").value_of_css_property("overflow") == "visible"
        assert "s3:* on acme-site/*" in element(shown, "#identities").text
    finally:
        media("")
    assert shown.print_page()


@in_browser
def test_without_scripts_all_is_there(shown: webdriver.Chrome, page: Path) -> None:
    def scripts(*, off: bool) -> None:
        shown.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": off})

    scripts(off=True)
    try:
        shown.get(page.as_uri())
        assert visible(shown, "#filter") == []
        assert "s3:* on acme-site/*" in element(shown, "#identities").text
        assert "BREAKS ci loses access key 2026-11" in element(shown, "#since").text
        assert "full access: 1" in element(shown, "#look").text
    finally:
        scripts(off=False)


@in_browser
def test_names_stay_in_sight_when_the_map_is_scrolled(
    shown: webdriver.Chrome,
) -> None:
    sizes: Any = shown.execute_script(
        """
        const box = document.querySelector(".scroll"), name = box.querySelector("tbody a");
        box.style.cssText = "width: 150px; height: 150px";
        const before = [name.getBoundingClientRect().x, box.scrollWidth > box.clientWidth];
        box.scrollLeft = 40;
        return [...before, box.scrollLeft, name.getBoundingClientRect().x];
        """
    )
    assert sizes == [sizes[0], True, 40, sizes[0]]
