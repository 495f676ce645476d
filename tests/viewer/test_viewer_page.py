"""The page in a browser: what it draws, and what happens when something is clicked."""

import numpy as np
import pytest
from answering import answering
from made_squares import NAMES, RADIUS, SIZE

from benchmarks.harness.chromium import chromium, opened
from handbone.bones import PALETTE
from handbone.viewer.application import Application
from handbone.viewer.sources import Extras, open_sources

pytestmark = pytest.mark.skipif(chromium() is None, reason='Chromium is not installed')

OPACITY = 0.4
DIFFERENCE = {'only': (230, 159, 0), 'other': (86, 180, 233)}
#: Reads the pixel of a panel that shows a pixel of the image.
PIXEL = """(() => {{
  const canvas = document.querySelectorAll('#panels canvas')[{panel}];
  const scale = Math.min(canvas.width / {size}, canvas.height / {size});
  const x = (canvas.width - {size} * scale) / 2 + ({x} + .5) * scale;
  const y = (canvas.height - {size} * scale) / 2 + ({y} + .5) * scale;
  return [...canvas.getContext('2d').getImageData(x, y, 1, 1).data].slice(0, 3);
}})()"""


def pixel(page, x, y, panel=0):
    """The colour that a panel shows of a pixel of the image."""
    return page.run(PIXEL.format(panel=panel, size=SIZE, x=x, y=y))


def mixed(grey, colour, share):
    """A colour laid over a grey."""
    return np.array([grey] * 3) * (1 - share) + np.array(colour) * share


def shown(page, index):
    """Wait until an image is shown."""
    page.wait(f'document.body.dataset.shown === "{index}"')


def test_the_first_image_is_drawn_with_its_masks(viewer, tmp_path):
    with opened(viewer, tmp_path / 'browser') as page:
        shown(page, 0)
        np.testing.assert_allclose(pixel(page, 100, 100), [40] * 3, atol=2)
        expected = mixed(40, PALETTE[RADIUS], OPACITY)
        np.testing.assert_allclose(pixel(page, 20, 20), expected, atol=3)
        # another class on top of it changes the colour, and a class that is off gives it back
        assert np.abs(np.array(pixel(page, 40, 20)) - expected).max() > 20
        page.run('document.querySelector("#class-table input[value=\'28\']").click()')
        np.testing.assert_allclose(pixel(page, 40, 20), expected, atol=3)
        page.run('document.getElementById("none").click()')
        np.testing.assert_allclose(pixel(page, 20, 20), [40] * 3, atol=2)


def test_keys_go_to_the_next_image_and_differences_are_coloured(viewer, tmp_path):
    with opened(viewer, tmp_path / 'browser') as page:
        shown(page, 0)
        page.press('j')
        shown(page, 1)
        np.testing.assert_allclose(pixel(page, 100, 100), [80] * 3, atol=2)
        page.press('v')
        page.press('v')
        second = 'document.getElementById("layer-b")'
        page.run(f'{second}.value = "2"; {second}.dispatchEvent(new Event("change"))')
        # the second image has its squares 8 pixels further down; the bad prediction is moved by 8
        strong = 1.8 * OPACITY
        only, other = (mixed(80, DIFFERENCE[each], strong) for each in ('only', 'other'))
        np.testing.assert_allclose(pixel(page, 20, 30), only, atol=3)
        np.testing.assert_allclose(pixel(page, 52, 30), other, atol=3)


def test_all_layers_stand_side_by_side(viewer, tmp_path):
    with opened(viewer, tmp_path / 'browser') as page:
        shown(page, 0)
        page.press('v')
        captions = '[...document.querySelectorAll("figcaption")].map(each => each.textContent)'
        assert page.run(captions) == ['truth', 'good', 'bad']
        colours = [pixel(page, 20, 20, panel) for panel in range(3)]
        assert colours[0] == colours[1] != colours[2]
        cells = '[...document.querySelectorAll("#class-table tbody tr")][27].cells'
        assert page.run(f'[...{cells}].slice(1).map(each => each.textContent)') == [
            '1.000',
            '0.750',
        ]


@pytest.mark.parametrize('dark', [False, True])
@pytest.mark.parametrize('width', [390, 820, 1366])
def test_the_page_fits_every_screen(viewer, tmp_path, width, dark):
    with opened(viewer, tmp_path / 'browser', width, dark) as page:
        shown(page, 0)
        assert page.run('document.documentElement.scrollWidth') <= width
        assert page.run('document.querySelector("#panels canvas").clientWidth') > width / 3
        grey = page.run('getComputedStyle(document.body).backgroundColor')
        assert (sum(map(int, grey[4:-1].split(','))) < 200) == dark


def test_marks_are_saved_and_the_list_is_sorted(viewer, session, tmp_path):
    with opened(viewer, tmp_path / 'browser') as page:
        shown(page, 0)
        page.press('j')
        shown(page, 1)
        page.press('b')
        page.wait(
            'document.querySelector("[data-kind=bad]").getAttribute("aria-pressed") == "true"'
        )
        page.wait('document.querySelector("#rows [data-mark=bad]") !== null')
        assert session.marks.all() == ['', 'bad', '']
        page.press('u')
        page.press('c')
        end = 'document.querySelector("#rows [data-mark=correct]") !== null'
        page.wait(end)
        names = '[...document.querySelectorAll("#rows span")].map(each => each.textContent)'
        assert page.run(names) == ['image1_R.png', 'image2_L.png', 'image3_R.png']
        page.run('document.querySelector("[name=descending]").click()')
        page.wait(f'{names}[0] === "image3_R.png"')
        search = 'document.getElementById("search")'
        page.run(f'{search}.value = "id002"')
        page.run(f'{search}.dispatchEvent(new Event("input", {{bubbles: true}}))')
        page.wait(f'{names}.length === 1')
        assert page.run('document.getElementById("count").textContent') == '1 of 3 images'


def test_the_list_is_sorted_by_a_column_and_filtered_by_patient(data, tmp_path):
    table = tmp_path / 'patients.csv'
    table.write_text('patient,age\nID001,41\nID002,9\n')
    session, _ = open_sources([data], extras=Extras(table=table, marks=tmp_path / 'marks.csv'))
    names = '[...document.querySelectorAll("#rows span")].map(each => each.textContent)'
    sort = 'document.querySelector("#filters [name=sort]")'
    patient = 'document.querySelector("#filters [name=patient]")'
    with (
        answering(Application(session).app()) as address,
        opened(address, tmp_path / 'browser') as page,
    ):
        shown(page, 0)
        page.press('s')
        assert page.run('document.activeElement.name') == 'sort'
        page.run(f'{sort}.value = "column"')
        page.run(f'{sort}.dispatchEvent(new Event("input", {{bubbles: true}}))')
        page.wait(f'{names}[0] === "image3_R.png"')
        note = 'document.querySelector("#rows small").textContent'
        assert page.run(note).split() == ['9', 'ID002']
        page.run('document.activeElement.blur()')
        page.press('p')
        page.wait(f'{names}.length === 2')
        assert page.run(f'{patient}.value') == 'ID001'
        page.press('p')
        page.wait(f'{names}.length === 3')
        page.run(f'{patient}.value = "id002"')
        page.run(f'{patient}.dispatchEvent(new Event("input", {{bubbles: true}}))')
        page.wait(f'{names}.join() === "image3_R.png"')


def test_a_note_that_is_typed_while_a_mark_is_saved_stays(viewer, tmp_path):
    held = """(() => {
      const fetched = window.fetch;
      window.held = [];
      window.fetch = (...all) => new Promise(done => held.push(() => done(fetched(...all))));
    })()"""
    note = 'document.querySelector("#marks input").value'
    with opened(viewer, tmp_path / 'browser') as page:
        shown(page, 0)
        page.run(held)
        page.press('b')
        page.run(f'{note} = "typed"')
        page.run('held.forEach(send => send())')
        page.wait('document.querySelector("#rows [data-mark=bad]") !== null')
        assert page.run(note) == 'typed'


def test_an_image_that_cannot_be_read_is_marked_itself(viewer, session, data, tmp_path):
    session.marks.set(0, 'good', 'sharp')
    (broken,) = data.rglob(NAMES[1].rsplit('/')[-1])
    broken.write_bytes(b'no image')
    with opened(viewer, tmp_path / 'browser') as page:
        shown(page, 0)
        assert page.run('document.querySelector("#marks input").value') == 'sharp'
        page.press('j')
        page.wait('document.getElementById("problems").textContent !== ""')
        assert page.run('document.querySelector("#marks input").value') == ''
        assert pixel(page, 100, 100) != [40] * 3
        page.press('b')
        page.wait('document.querySelector("#rows [data-mark=bad]") !== null')
    assert session.marks.all() == ['good', 'bad', '']
    assert session.marks.notes() == ['sharp', '', '']


def test_the_export_says_what_it_wrote(viewer, session, tmp_path):
    with opened(viewer, tmp_path / 'browser') as page:
        shown(page, 0)
        page.press('c')
        page.run('[...document.querySelectorAll("#marks button")].at(-1).click()')
        page.run('document.getElementById("export-target").value = "labelme"')
        page.run('document.getElementById("export").click()')
        said = 'document.getElementById("exported").textContent'
        page.wait(f'{said}.startsWith("1 of 1 images in ")')
    written = session.export_folder / 'correct-labelme'
    assert len(list(written.rglob('*.json'))) == 1


def test_masks_of_a_model_appear_when_they_are_there(predicted, tmp_path):
    session, process = predicted
    session.start()
    caption = 'document.querySelector("figcaption").textContent'
    with (
        answering(Application(session).app()) as address,
        opened(address, tmp_path / 'browser') as page,
    ):
        shown(page, 0)
        page.press('2')
        assert page.run(caption) == 'best (is being predicted)'
        np.testing.assert_allclose(pixel(page, 40, 20), [40] * 3, atol=2)
        page.wait('document.getElementById("count").textContent.includes("0 of 3 predicted")')
        cells = '[...document.querySelectorAll("#class-table tbody tr")][27].cells'
        assert page.run(f'{cells}[1].textContent') == '…'
        # the next image is there at once, and is predicted next
        page.press('j')
        shown(page, 1)
        np.testing.assert_allclose(pixel(page, 100, 100), [80] * 3, atol=2)
        process.let(2)
        page.wait(f'{caption} === "best"')
        assert process.asked[:2] == list(NAMES[:2])
        moved = mixed(80, PALETTE[RADIUS], OPACITY)
        np.testing.assert_allclose(pixel(page, 28, 30), moved, atol=3)
        assert page.run(f'{cells}[1].textContent') == '0.750'
        page.press('k')
        shown(page, 0)
        page.wait(f'{caption} === "best"')
        process.let()
        page.wait('document.getElementById("count").textContent === "3 of 3 images"')


@pytest.mark.parametrize('key', ['ㅓ', 'Process'])
def test_keys_work_with_the_korean_input_method(viewer, tmp_path, key):
    with opened(viewer, tmp_path / 'browser') as page:
        shown(page, 0)
        event = f'new KeyboardEvent("keydown", {{key: "{key}", code: "KeyJ", bubbles: true}})'
        page.run(f'document.body.dispatchEvent({event})')
        shown(page, 1)


def test_the_page_speaks_korean(viewer, tmp_path):
    with opened(viewer, tmp_path / 'browser') as page:
        shown(page, 0)
        chosen = 'document.getElementById("language")'
        page.run(f'{chosen}.value = "ko"; {chosen}.dispatchEvent(new Event("change"))')
        assert page.run('document.querySelector("figcaption").textContent') == '정답'
        assert page.run('document.documentElement.lang') == 'ko'


def test_the_page_says_in_korean_what_the_server_says(viewer, tmp_path):
    said = 'document.getElementById("problems").textContent'
    with opened(viewer, tmp_path / 'browser') as page:
        shown(page, 0)
        for name, value in (('sort', 'dice'), ('score', '<good')):
            field = f'document.querySelector("#filters [name={name}]")'
            page.wait(f'{field} !== null')
            page.run(f'{field}.value = "{value}"')
            page.run(f'{field}.dispatchEvent(new Event("input", {{bubbles: true}}))')
        page.wait(f'{said} === "\'<good\' does not end in a number."')
        chosen = 'document.getElementById("language")'
        page.run(f'{chosen}.value = "ko"; {chosen}.dispatchEvent(new Event("change"))')
        assert page.run(said) == "'<good'은(는) 숫자로 끝나지 않습니다."
