"""The page in a real browser, before a real server with a real model: searched, compared, and the map drawn around."""

import itertools
import os
import shutil
import time

import pytest

pytest.importorskip("lancedb", reason="the index needs lancedb: pip install 'sbert[index]'")
pytest.importorskip("selenium", reason="the browser is driven by selenium, a tool of development")

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from sbert import Index
from support import shared
from support.image_models import make_image_model
from support.processes import Process

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
DRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not BROWSER or not DRIVER, reason="needs Chromium or Chrome, and chromedriver, on the PATH"),
]
#: What must be shown as it is written, and never run.
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
KEY = "a-key-of-this-test"


@pytest.fixture(scope="module")
def index(tmp_path_factory, minilm):
    papers = shared.json_lines("retrieval/scifact/corpus.jsonl.gz")[:60]
    index = Index.create(tmp_path_factory.mktemp("index") / "papers.lance", minilm)
    index.add(
        {"id": paper["title"], "text": paper["text"][:500], "number": place} for place, paper in enumerate(papers)
    )
    index.add([{"id": f"hostile {HOSTILE}", "text": f"a hostile zebra {HOSTILE}", "number": 999, "note": HOSTILE}])
    return index.path


@pytest.fixture(scope="module")
def server(index):
    process = Process("all-MiniLM-L6-v2", "--index", index)
    yield process
    process.end()


@pytest.fixture
def driver():
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for argument in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1200,900"):
        options.add_argument(argument)
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # which Chromium cannot have as root
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


def find(driver, selector):
    return driver.find_element(By.CSS_SELECTOR, selector)


def every(driver, selector):
    return driver.find_elements(By.CSS_SELECTOR, selector)


def wait(driver, condition, seconds=60):
    """What the condition gives once it is true; hits may be drawn anew while it looks at them."""
    waiting = WebDriverWait(driver, seconds, poll_frequency=0.1, ignored_exceptions=[StaleElementReferenceException])
    return waiting.until(lambda _: condition())


def search(driver, text):
    field = find(driver, "#query")
    field.clear()
    field.send_keys(text)
    wait(driver, lambda: every(driver, "#hits li") and "hit" in find(driver, "#search-status").text)


def complaints(driver):
    """What the browser has to say of the page: errors of scripts, and what the policy forbade."""
    return [each["message"] for each in driver.get_log("browser") if each["level"] in ("SEVERE", "WARNING")]


def test_searching(driver, server):
    driver.get(server.url)
    wait(driver, lambda: find(driver, "#query").is_displayed())
    assert "61 passages of papers.lance" in find(driver, "#index-told").text
    search(driver, "brain development of premature babies")
    assert "Microstructural development of human newborn cerebral white matter" in find(driver, "#hits h2").text
    assert " ms" in find(driver, "#search-status").text
    marks = wait(driver, lambda: every(driver, "#hits li:first-child mark"))
    assert {"infants", "brain", "cerebral", "newborns"} & {mark.text.lower() for mark in marks}
    assert "q=brain" in driver.current_url
    # With the keyboard: down into the hits, up into the field again.
    find(driver, "#query").send_keys(Keys.ARROW_DOWN, Keys.NULL)
    assert driver.switch_to.active_element == find(driver, "#hits li")
    driver.switch_to.active_element.send_keys(Keys.ARROW_UP)
    assert driver.switch_to.active_element == find(driver, "#query")
    # By words alone, they are marked as they are written.
    find(driver, "input[value=text] + span").click()
    wait(driver, lambda: every(driver, "mark.same"))
    assert all(
        mark.text.lower().startswith(("brain", "dev", "prem", "bab", "of")) for mark in every(driver, "mark.same")
    )
    assert not complaints(driver)


def test_filters(driver, server):
    driver.get(server.url)
    wait(driver, lambda: find(driver, "#query").is_displayed())
    search(driver, "cells")
    find(driver, "#filters-button").click()
    find(driver, "#filter-operator").send_keys("<")
    find(driver, "#filter-value").send_keys("3", Keys.ENTER)
    wait(driver, lambda: len(every(driver, "#hits li")) == 3)
    assert find(driver, "#filters-button").text == "Filters (1)"
    find(driver, "#filter-column").send_keys("passage")
    find(driver, "#filter-operator").send_keys("contains")
    find(driver, "#filter-value").send_keys("it's % nowhere", Keys.ENTER)
    wait(driver, lambda: find(driver, "#search-note").text.startswith("Nothing was found"))
    find(driver, "#filter-sql").send_keys("numbr > 3")
    wait(driver, lambda: "number" in find(driver, "#search-error").text)
    assert "Did you mean" in find(driver, "#search-error").text
    find(driver, "#filter-sql").clear()
    find(driver, "#filter-sql").send_keys(Keys.SPACE)
    for _ in range(2):
        find(driver, "#filter-chips button").click()
    wait(driver, lambda: len(every(driver, "#hits li")) == 10)


def test_comparing(driver, server):
    driver.get(f"{server.url}/#compare")
    wait(driver, lambda: find(driver, "#compare-score").text)
    for field, text in (("#text-a", "A man is eating food."), ("#text-b", "Someone has lunch.")):
        find(driver, field).clear()
        find(driver, field).send_keys(text)
    wait(driver, lambda: find(driver, "#compare-score").text == "0.512")
    wait(driver, lambda: find(driver, "#pairs tr").text.startswith("food lunch"))
    lunch = next(word for word in every(driver, "#words-b .word") if word.text == "lunch")
    ActionChains(driver).move_to_element(lunch).perform()

    def lit(word):
        return float(driver.execute_script("return arguments[0].style.getPropertyValue('--weight')", word))

    weights = {word.text: lit(word) for word in every(driver, "#words-a .word")}
    assert max(weights, key=weights.get) == "food"
    assert max(weights.values()) == 1 > weights["A"]
    find(driver, "#text-a").send_keys(Keys.CONTROL, "a", Keys.NULL, Keys.BACKSPACE)
    wait(driver, lambda: not find(driver, "#compare-result").is_displayed())
    assert not complaints(driver)


def test_the_map(driver, server):
    driver.get(f"{server.url}/#map")
    rows = wait(driver, lambda: every(driver, "#side-list button"), 120)
    assert find(driver, "#map-status").text == "61 passages"
    assert sum(int(row.text.split()[-1]) for row in rows) == 61
    canvas = find(driver, "#plane")
    painted = "return document.getElementById('plane').toDataURL().length"
    before = driver.execute_script(painted)
    canvas.send_keys("+", Keys.ARROW_LEFT)
    wait(driver, lambda: driver.execute_script(painted) != before)
    canvas.send_keys("0")
    # Around the whole canvas there are all of them.
    find(driver, "#lasso").click()
    wide, high = canvas.size["width"] // 2 - 4, canvas.size["height"] // 2 - 4
    corners = [(-wide, -high + 60), (wide, -high), (wide, high), (-wide, high - 40)]
    pointer = ActionChains(driver, duration=50).move_to_element_with_offset(canvas, *corners[0]).click_and_hold()
    for one, other in itertools.pairwise(corners):
        pointer.move_by_offset(other[0] - one[0], other[1] - one[1])
    pointer.release().perform()
    wait(driver, lambda: find(driver, "#side-title").text == "61 passages")
    find(driver, "#clear-selection").click()
    # A cluster, by its button, and a search among it.
    rows = wait(driver, lambda: [row for row in every(driver, "#side-list button") if row.text[-1:].isdigit()])
    count = int(rows[0].text.split()[-1])
    rows[0].click()
    wait(driver, lambda: find(driver, "#side-title").text == f"{count} passages")
    find(driver, "#search-these").click()
    wait(driver, lambda: find(driver, "#filter-chips li").text.startswith(f"{count} selected"))
    search(driver, "anything")
    for _ in range(5):
        if find(driver, "#more").is_displayed():
            find(driver, "#more").click()
            time.sleep(1)
    assert len(every(driver, "#hits li")) == count
    assert not complaints(driver)


def test_hovering_over_the_map_tells_what_is_there(driver, server):
    driver.get(f"{server.url}/#map")
    wait(driver, lambda: every(driver, "#side-list button"), 120)
    canvas = find(driver, "#plane")
    canvas.send_keys(Keys.ENTER)  # lists all that is in view
    first = wait(driver, lambda: find(driver, "#side-list .passage-row b").text)
    assert first
    tip = find(driver, "#tip")
    for step in range(-14, 15):
        ActionChains(driver, duration=10).move_to_element_with_offset(canvas, step * 22, 0).perform()
        if tip.is_displayed():
            break
    assert tip.is_displayed()
    assert tip.text


def test_texts_are_shown_and_never_run(driver, server):
    driver.get(server.url)
    wait(driver, lambda: find(driver, "#query").is_displayed())
    search(driver, f"hostile zebra {HOSTILE}")
    assert HOSTILE in find(driver, "#hits h2").text
    wait(driver, lambda: every(driver, "#hits li:first-child mark"))
    assert HOSTILE in find(driver, "#hits .passage").text
    find(driver, "#hits li:first-child .acts button:last-child").click()
    wait(driver, lambda: HOSTILE in find(driver, "#words-b").text)
    driver.execute_script("location.hash = 'map'")
    wait(driver, lambda: every(driver, "#side-list button"), 120)
    find(driver, "#plane").send_keys(Keys.ENTER)
    wait(driver, lambda: HOSTILE in find(driver, "#side-list").text)
    assert driver.title == "Map – sbert"
    assert not every(driver, "main img, main script")
    assert not complaints(driver)


def test_images_and_a_reranker(driver, tmp_path, scorer):
    pillow = pytest.importorskip("PIL.Image", reason="images need pillow: pip install 'sbert[image]'")
    photos = tmp_path / "photos"
    photos.mkdir()
    for colour in ("red", "green"):
        pillow.new("RGB", (300, 200), colour).save(photos / f"{colour}.png")
    model = make_image_model(tmp_path / "clip")
    Index.create(tmp_path / "photos.lance", str(model)).sync(photos)
    process = Process(model, "--index", tmp_path / "photos.lance", "--reranker", scorer.spec.folder, SBERT_API_KEY=KEY)
    try:
        driver.get(process.url)
        wait(driver, lambda: every(driver, "dialog[open] #key"))[0].send_keys(KEY, Keys.ENTER)
        wait(driver, lambda: find(driver, "#query").is_displayed())
        search(driver, "red")
        # A picture needs the key, too, which the address of an image could not send.
        wait(driver, lambda: len(every(driver, "#hits img")) == 2)
        size = "return [arguments[0].naturalWidth, arguments[0].naturalHeight]"
        wait(driver, lambda: driver.execute_script(size, find(driver, "#hits img")) == [300, 200])
        find(driver, "#rerank").click()
        wait(driver, lambda: "rerank" in find(driver, "#hits .scores").text)
    finally:
        process.end()


def test_nothing_is_asked_of_anybody_else(driver, server):
    driver.get(server.url)
    wait(driver, lambda: find(driver, "#query").is_displayed())
    search(driver, "mice")
    names = driver.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert len(names) > 10
    assert all(name.startswith(f"{server.url}/") for name in names)


def test_the_theme_is_the_systems_or_the_chosen_one(driver, server):
    def background():
        return driver.execute_script("return getComputedStyle(document.body).backgroundColor")

    def system(scheme):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})

    system("dark")
    driver.get(server.url)
    dark = background()
    system("light")
    light = background()
    assert dark != light
    button = find(driver, "#theme")
    seen = []
    for _ in range(3):
        button.click()
        seen.append((button.text, background()))
    assert [colour for _, colour in seen] == [light, dark, light]
    button.click()
    button.click()
    driver.refresh()
    assert background() == dark


def test_a_key_is_asked_for_and_kept_in_the_tab(driver):
    process = Process("all-MiniLM-L6-v2", SBERT_API_KEY=KEY)
    try:
        driver.get(process.url)
        field = wait(driver, lambda: every(driver, "dialog[open] #key"))[0]
        field.send_keys("wrong", Keys.ENTER)
        wait(driver, lambda: "not one of this server's" in find(driver, "#key-told").text)
        find(driver, "#key").send_keys(KEY, Keys.ENTER)
        # Without an index the page compares.
        wait(driver, lambda: find(driver, "#compare-score").text == "0.512")
        assert not find(driver, "#tab-search").is_displayed()
        driver.refresh()
        wait(driver, lambda: find(driver, "#compare-score").text == "0.512")
        assert not every(driver, "dialog[open]")
        assert driver.execute_script("return localStorage.length") == 0
    finally:
        process.end()


def test_a_server_that_is_gone_is_told(driver, folder):
    process = Process(folder)
    driver.get(process.url)
    wait(driver, lambda: find(driver, "#compare-score").text)
    process.end()
    find(driver, "#text-a").send_keys("more")
    wait(driver, lambda: find(driver, "#compare-error").text.startswith("The server cannot be reached"))
