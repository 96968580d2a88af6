"""The widgets in the built book: each one mounts, over http and from the disk, and brings no code in its page."""

import gzip

import pytest

pytestmark = pytest.mark.browser


def mount_all(browser, address):
    """Return how many widgets a page holds, after each has been scrolled to and has mounted."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    if page.locator(".gd-review").count():
        page.get_by_role("button", name="Show all").click()  # or all but one are hidden
    hosts = page.locator(".gdw-host").all()
    for host in hosts:
        host.scroll_into_view_if_needed()
        host.locator(".gdw").wait_for()  # half a minute: the machine may be busy
        assert host.get_attribute("data-mounted") == "" and host.get_attribute("data-error") is None
        assert host.locator(".gdw-static").is_hidden() and host.locator(".gdw *").count() > 5
        more = host.locator(".gdw").evaluate("live => live.offsetHeight - parseFloat(getComputedStyle(live).minHeight)")
        assert more < 1, f"{host.get_attribute('data-widget')} takes {more} pixels more than the page keeps for it"
        silent = host.get_attribute("data-widget").startswith("question")  # says nothing until it is answered
        assert bool(host.locator("[role=status]").inner_text()) != silent
    page.context.close()
    assert errors == []
    return len(hosts)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_every_widget_of_the_book_mounts(browser, site, site_url, scheme):
    base = {"http": site_url, "file": site.as_uri()}[scheme]
    pages = [path for path in sorted(site.rglob("*.html")) if 'class="gdw-host"' in path.read_text("utf-8")]
    assert pages
    for path in pages:
        assert mount_all(browser, f"{base}/{path.relative_to(site).as_posix()}") > 0


def test_pages_hold_no_code_and_the_scripts_are_light(site):
    for path in site.rglob("*.html"):
        text = path.read_text("utf-8")
        assert '"_esm"' not in text, path
        assert ("widget-loader.js" in text) == ('class="gdw-host"' in text), path
    loader = len(gzip.compress((site / "_static" / "widget-loader.js").read_bytes()))
    for script in (site / "_static").glob("widget-*.js"):
        own = len(gzip.compress(script.read_bytes()))
        assert script.name == "widget-loader.js" or loader + own <= 12 * 1024, script
