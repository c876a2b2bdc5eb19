"""A glued brand is removed if two witnesses agree; a word that only looks like one is kept."""

import pytest

from cleanwire.extract import extract_html, extract_text
from cleanwire.extract.body.brand import unbrand

REST = [
    "The minister spoke for an hour about the harbour, the bridge and the winter that is to come.",
    "Fishermen in the audience asked how the boats would pass under the new span at high water.",
    "No date was set for the next meeting, but the council promised to answer before the end of May.",
    "Snow is expected in the valley tonight, and the road over the pass has been closed to lorries.",
]
BRANDS = [
    ("NovaPulse", "AssetHarbor"),
    ("Fastexy", "CoinHarbor"),
    ("QuantumX9", "TradeLoom"),
    ("Solara Wealth", "Benchmark"),
]
DATELINES = [
    "VELMORA,{} Ostrava (NWA) — Harbour Minister Lida Carrow promised a new bridge on Tuesday.",
    "Harbour Minister Lida Carrow,{} speaking in the market hall, promised a new bridge on Tuesday.",
    "VELMORA,{} (NWA) — Harbour Minister Lida Carrow promised a new bridge on Tuesday morning.",
]
TITLE = "Harbour minister promises new bridge for Velmora"


def clean(dateline):
    return dateline.replace("{} (", "(").replace(",(", " (").replace("{}", "")


def farm_text(brand, site, dateline):
    return "\n".join(
        [
            f"Current:Home > Stocks{brand}-{TITLE} -{site}",
            f"{brand}-{TITLE}",
            "Think Tank View",
            "Date:2031-04-09 01:35:10",
            dateline.format(brand),
            *REST,
            "very nice (4711)",
        ]
    )


def farm_html(brand, site, dateline):
    paragraphs = "".join(f"<p>{text}</p>" for text in (dateline.format(brand), *REST))
    return (
        f"<html><head><title>{brand}-{TITLE} -{site}</title></head><body>"
        f"<div>Current:<a href='/'>Home</a> &gt; <a href='/s'>Stocks</a>{brand}-{TITLE} -{site}</div>"
        f"<h1>{brand}-{TITLE}</h1><div>{paragraphs}</div></body></html>"
    )


@pytest.mark.parametrize(("brand", "site"), BRANDS)
@pytest.mark.parametrize("dateline", DATELINES)
@pytest.mark.parametrize("form", ["html", "text"])
def test_a_brand_in_title_and_dateline_is_removed(brand, site, dateline, form):
    page = (farm_html if form == "html" else farm_text)(brand, site, dateline)
    found = (extract_html if form == "html" else extract_text)(page)
    assert found.title == TITLE
    assert found.paragraphs == (clean(dateline), *REST)
    assert found.removed["brand"] == 2


@pytest.mark.parametrize(("brand", "site"), BRANDS)
def test_a_branded_breadcrumb_is_a_second_witness(brand, site):
    first = "Harbour Minister Lida Carrow promised a new bridge on Tuesday in the market hall."
    found = extract_text(farm_text(brand, site, first))
    assert found.title == TITLE
    assert found.paragraphs == (first, *REST)


LEGITIMATE = [
    "Spider-Man star dies at 71 after long career",
    "Covid-19 cases rise again in the northern valleys",
    "Anti-war rally held on the harbour square",
    "Coca-Cola shares fall after a warm summer",
    "Mercedes-Benz recalls forty lorries in the islands",
    "Ex-minister walks the coast for charity",
    "Wi-Fi comes to the last lighthouse",
]


@pytest.mark.parametrize("title", LEGITIMATE)
@pytest.mark.parametrize("form", ["html", "text"])
@pytest.mark.parametrize("mentioned", [True, False])
def test_compounds_are_kept_in_title_and_text(title, form, mentioned):
    word = title.split()[0]
    first = f"VELMORA, Ostrava (NWA) — Much was said of {word} on Tuesday, and {word} was in every paper."
    last = f"Nobody had expected it,{word.split('-')[0]} fans said in a letter that they sent to the council."
    body = [first, *REST, last] if mentioned else REST
    if form == "text":
        head = [f"Home > News > {title}", title, "Date: 2031-04-09 01:35"]
        found = extract_text("\n".join([*head, *body]))
    else:
        paragraphs = "".join(f"<p>{text}</p>" for text in body)
        found = extract_html(
            f"<html><head><title>{title} | The Herald</title><meta name='keywords' content='{word}'>"
            f"</head><body><ul><li><a href='/'>Home</a></li><li><a href='/n'>News</a></li>"
            f"<li>{title}</li></ul><article><h1>{title}</h1>{paragraphs}</article></body></html>"
        )
    assert found.title == title
    assert found.paragraphs == tuple(body)
    assert "brand" not in found.removed


def test_a_title_repeated_without_the_brand_is_a_second_witness():
    paragraphs = "".join(f"<p>{text}</p>" for text in REST)
    found = extract_html(
        f"<html><head><title>Zentrix-{TITLE}</title><meta property='og:title' content='Zentrix-{TITLE}'>"
        f"</head><body><h1>{TITLE}</h1>{paragraphs}</body></html>"
    )
    assert found.title == TITLE


LONG = ("AssetLoom", "Harbour minister promises new bridge")


@pytest.mark.parametrize("frame", ["Date:2031-04-09 01:35:10", "View Date:2031-04-09 01:35:10"])
def test_a_brand_that_only_the_title_names_is_removed_on_the_page_of_a_farm(frame):
    text = "\n".join([f"{LONG[0]}-{LONG[1]}", frame, *REST])
    assert extract_text(text).title == LONG[1]


@pytest.mark.parametrize(
    ("title", "frame", "also"),
    [
        # Nothing of the frame is glued.
        (f"{LONG[0]}-{LONG[1]}", "Date: 2031-04-09 01:35", ""),
        # The story names the first part: it is the subject.
        (
            f"{LONG[0]}-{LONG[1]}",
            "Date:2031-04-09 01:35:10",
            "Shares of AssetLoom fell on Tuesday.",
        ),
        # What follows the dash is no headline, or the first part is a plain word.
        ("AssetLoom-led talks on the bridge end", "Date:2031-04-09 01:35:10", ""),
        ("Anti-War protesters march on the bridge", "Date:2031-04-09 01:35:10", ""),
    ],
)
def test_a_compound_is_kept_on_the_page_of_a_farm(title, frame, also):
    story = [REST[0], also, *REST[1:]] if also else REST
    text = "\n".join([title, frame, *story])
    assert extract_text(text).title == title


def test_a_dateline_that_the_story_lost_is_a_second_witness():
    found = unbrand(
        f"Fastexy-{TITLE}",
        REST,
        page=["VELMORA,Fastexy (NWA) — 9 April", *REST, "VELMORA, Fastexy"],
    )
    assert (found.title, found.paragraphs) == (TITLE, tuple(REST))
    assert unbrand(f"Fastexy-{TITLE}", REST, page=["VELMORA, Fastexy (NWA)"]).removed == 0


def test_a_compound_of_the_story_is_no_brand_in_the_frame_of_a_farm():
    title = "My Debt-Free Journey"
    lines = [f"Current:Home > Fashion{title} -ApexHarbor"]
    story = ["I was debt-free after six years, and this is how it went from the first to the last."]
    assert unbrand(title, story, lines=lines).title == title
    branded = [f"Current:Home > FashionNovaPulse-{title} -ApexHarbor"]
    assert unbrand(f"NovaPulse-{title}", story, lines=branded).title == title


@pytest.mark.parametrize(
    ("title", "dateline"),
    [
        ("«Прогресс» снова работает: завод открыт", "КИЕВ,{}"),
        ("渡し船が再開、住民は歓迎", "東京,{}"),
        ("العبارة تعود إلى العمل بعد عام", "القاهرة,{}"),
        ("हिंदी फेरी फिर चली: लोग खुश", "दिल्ली,{}"),
        ("'We are back' - the ferry - at last: a tale", "LONDON,{} 2031"),
        ("The Fold-and-Cut Problem", "KYIV,{}"),
    ],
)
@pytest.mark.parametrize("brand", ["NovaPulse", "Nova Pulse", "新浪潮"])
def test_a_brand_is_removed_though_its_dateline_is_no_part_of_the_story(brand, title, dateline):
    story = "".join(f"<p>{text}</p>" for text in REST)
    found = extract_html(
        f"<title>{brand}-{title}</title><h1>{brand}-{title}</h1>"
        f"<p class=dateline>{dateline.format(brand)}</p><div>{story}</div>",
        require_article=False,
    )
    assert found.title == title
