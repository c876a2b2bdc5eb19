"""The stories of the sample pages: invented, places and agencies included.

Invariant: text only; how a site wraps it is in `shapes`.
"""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A story as its author wrote it."""

    title: str
    paragraphs: tuple[str, ...]
    author: str
    language: str


BRIDGE = Story(
    title="Harbour minister promises new span for Velmora after storm tears bridge apart",
    author="Tamsin Okell",
    language="en",
    paragraphs=(
        "PORT VELMORA, Ostrava Isles (NWA) — Harbour Minister Lida Carrow promised on Tuesday to replace the storm-torn bridge that links the island's two halves within eighteen months, a day after winds of 160 kilometres an hour dropped its middle span into the strait.",
        "Carrow told a crowded meeting in the fish market hall that 42 million crowns had been set aside for the first stage, and that two military ferries would carry schoolchildren, patients and mail across the water from Thursday morning.",
        "“Nobody in this town will be cut off from a doctor because of a broken bridge,” she said. “We will build it wider, and we will build it higher than the water has ever come.”",
        "The old bridge, opened in 1961, had been closed to lorries since an inspection three years ago found rust in four of its eleven piers. Repairs were put off twice for want of money, according to minutes of the island council.",
        "Engineers who dived to the wreck on Monday night said that the collapse began at the sixth pier, where the current had washed away the stones around the foundation. They recovered a steel joint that will be examined at the mainland's technical university.",
        "No one was killed. A milk tanker that had ignored the closing lights stopped ten metres short of the gap, and its driver, Bertil Aune, walked back through the rain to warn the cars behind him.",
        "“I heard a noise like a drawer of spoons being thrown down the stairs,” Aune said. “Then the lamps in front of me went out one after the other.”",
        "Shopkeepers on the western side expect to lose a third of their trade until the ferries run. The cannery, which employs 310 people and takes its fish from boats on the eastern shore, has sent half of its workers home for the week.",
        "The opposition asked why a warning by the meteorological office, issued nine hours before the storm, had not led to an earlier closing. Carrow said that the question was a fair one and that a commission of three would answer it before the end of the year.",
        "Divers are to mark a channel for small boats by the weekend. Heavy cranes cannot reach the strait before the spring tides are over, the ministry said.",
    ),
)

BRIDGE_REVISED = dataclasses.replace(
    BRIDGE,
    paragraphs=(
        *BRIDGE.paragraphs[:1],
        "Carrow told a crowded meeting in the fish market hall that 48 million crowns had been set aside for the first stage, not 42 million as her office had said at first, and that three military ferries would carry schoolchildren, patients and mail across the water from Thursday morning.",
        *BRIDGE.paragraphs[2:],
        "Late on Tuesday the council of the neighbouring island of Brenn offered its own car ferry, which can take twenty vehicles at a time, for as long as it is needed.",
        "The first of the military ferries was seen leaving the mainland at dusk with a field kitchen on its deck.",
    ),
)

ORCHARD = Story(
    title="Old pear trees of Hallin valley outlive the nursery that sold them",
    author="Wenna Prior",
    language="en",
    paragraphs=(
        "In the Hallin valley, where the road ends at a gate and the gate at a meadow, forty pear trees planted in 1903 gave their largest crop in a generation this autumn, long after the nursery that sold them went out of business.",
        "The trees belong to nobody in particular. The last owner left the meadow to the parish on condition that the fruit be shared, and since then a list in the church porch says who may pick on which day.",
        "“My grandmother picked on Wednesdays, so I pick on Wednesdays,” said Rosk Ammerell, a retired surveyor who has drawn a map of every tree and its variety. He counted nine that are found in no catalogue.",
        "Scientists from the fruit institute came in September with ladders and paper bags. They cut forty twigs for grafting, and found that two of the unknown kinds resist the blight that has emptied orchards in the plain.",
        "The institute hopes to plant the first grafts next winter. Until then the bags hang from the rafters of the parish hall, each with a number, and the children have been told not to touch them.",
        "Ammerell is not worried about the future of the trees. He says that a pear tree spends a hundred years growing, a hundred years standing and a hundred years dying, and that these have only just begun to stand.",
    ),
)

SCHLEUSE = Story(
    title="Schleuse bei Grünfurt bleibt für größere Schiffe bis März geschlossen",
    author="Jörg Nübling",
    language="de",
    paragraphs=(
        "Die Schleuse bei Grünfurt bleibt für größere Schiffe bis mindestens Anfang März geschlossen. Das teilte das Wasseramt am Mittwoch mit, nachdem Taucher einen zwölf Meter langen Riss im unteren Tor gefunden hatten.",
        "Für die Binnenschiffer bedeutet die Sperrung einen Umweg von rund 180 Kilometern über den Südkanal. „Das kostet uns je Fahrt einen ganzen Tag und einige tausend Kronen“, sagte der Reeder Günther Maßlow.",
        "Kleinere Boote können die Anlage weiterhin benutzen, allerdings nur bei Tageslicht und nach Anmeldung. An den Wochenenden ruht der Betrieb vollständig, weil dann an der Pumpe gearbeitet wird.",
        "Das Tor stammt aus dem Jahr 1954 und sollte ohnehin im übernächsten Sommer ersetzt werden. Ein Ersatz müsse eigens gegossen werden, erklärte die Leiterin des Wasseramtes, Käthe Öhring; zwei Gießereien hätten bereits Angebote geschickt.",
        "Die Gemeinde fürchtet um ihre Gaststätten am Ufer, die im Winter vor allem von den Schiffern leben. Der Bürgermeister kündigte an, mit dem Land über eine Überbrückungshilfe zu sprechen.",
    ),
)

LIBRARY = Story(
    title="Сельская библиотека в Ольховке получила десять тысяч книг из старого вокзала",
    author="Марина Свиридова",
    language="ru",
    paragraphs=(
        "Сельская библиотека в Ольховке получила почти десять тысяч книг, которые больше тридцати лет пролежали в закрытом зале старого вокзала. Об этом рассказала заведующая библиотекой Марина Свиридова.",
        "Книги нашли рабочие, которые в октябре меняли крышу здания. За перегородкой стояли сто двадцать ящиков, заколоченных и подписанных мелом, и ни один из них не промок.",
        "«Мы открыли первый ящик и увидели учебники по астрономии, а под ними сказки», — сказала Свиридова. По её словам, опись займёт всю зиму, потому что в библиотеке работают только два человека.",
        "Помогать вызвались ученики местной школы. По субботам они стирают пыль, переписывают названия и складывают повторяющиеся тома в отдельную стопку для соседних деревень.",
        "Кому принадлежали книги, пока неизвестно. В одном из ящиков лежала записка с просьбой сохранить их до возвращения поезда, который, судя по расписанию, так и не пришёл.",
    ),
)

LANTERN = Story(
    title="港町の灯籠祭り、十二年ぶりに海の上で開かれる",
    author="森下 遥",
    language="ja",
    paragraphs=(
        "北の港町で土曜日の夜、灯籠を海に浮かべる祭りが十二年ぶりに開かれた。防波堤の工事が終わり、浜辺に再び人が近づけるようになったためである。",
        "町の実行委員会によると、集まった人は約三千人に上り、用意した灯籠千五百個は一時間足らずでなくなった。子どもたちは紙に願いごとを書き、両親と一緒に波打ち際まで歩いた。",
        "「祖父がこの祭りを始めました。もう一度見ることができて、胸がいっぱいです」と、町で造船所を営む女性は話した。造船所では今年、灯籠を運ぶための小さな舟を三そう新しく造った。",
        "祭りの後、若い漁師たちが船を出し、流された灯籠をすべて集めた。紙は乾かしてから来年の灯籠に使われるという。",
        "町は来年以降も毎年十一月の第一土曜日に祭りを開く予定で、隣の島の住民も招くことにしている。",
    ),
)

MOULIN = Story(
    title="À Saint-Ferréol, le moulin à papier rouvre grâce à trois cents épargnants",
    author="Élodie Vasseur",
    language="fr",
    paragraphs=(
        "Le moulin à papier de Saint-Ferréol-des-Eaux a rouvert ses portes vendredi, quatre ans après sa faillite, grâce à l’argent de trois cents épargnants de la vallée qui ont chacun acheté une part de deux cents couronnes.",
        "« Nous n’attendions plus personne, alors nous l’avons fait nous-mêmes », a expliqué Élodie Vasseur, l’institutrice qui a frappé aux portes pendant deux hivers pour réunir la somme nécessaire.",
        "La roue, réparée par un charpentier à la retraite, entraîne de nouveau les pilons du XVIIIᵉ siècle. Onze ouvriers, dont sept anciens de la maison, fabriquent chaque jour quatre mille feuilles de papier de chiffon.",
        "Les premières commandes viennent des archives nationales et d’un atelier de reliure. Le moulin espère atteindre l’équilibre à l’automne prochain, à condition que la rivière reste assez haute en été.",
        "Une partie du bâtiment sera ouverte aux écoles. Les enfants pourront y apporter de vieilles chemises et repartir, quelques jours plus tard, avec un cahier.",
    ),
)
