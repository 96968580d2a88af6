"""Drive the boxes of a page as a reader does."""

QUIET = "!document.querySelector('.gd-button:disabled')"


def box(page, name):
    """Return the box in which an assignment's page asks for a function."""
    return page.locator(".gd-solution").filter(has=page.locator(f'[aria-label$=" {name}"]'))


def write(place, text):
    """Write a text in the place of the one that is there."""
    place.locator("textarea, .cm-content").first.click()
    place.locator(".cm-content").click()
    place.page.keyboard.press("ControlOrMeta+A")
    place.page.keyboard.insert_text(text) if text else place.page.keyboard.press("Delete")


def press(place, name):
    """Press a button and return what came out when all is quiet again."""
    place.get_by_role("button", name=name, exact=True).first.click()
    place.page.wait_for_function(QUIET)
    return place.locator(".gd-out").inner_text()


def text_of(place):
    """Return the text that is in a box."""
    field = place.locator("textarea, .cm-content").first
    if field.evaluate("field => field.localName") == "textarea":
        return field.input_value()
    return "\n".join(line.rstrip("\n") for line in field.locator(".cm-line").all_inner_texts())
