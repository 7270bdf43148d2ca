"""What people say in passing: that it still happens, that it works now, that they ask for something. English only.

Each pattern is looked for in one sentence of somebody's own words, so that code, quotes and questions do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from bot.triage.prose import prose

_LONGEST = 20_000
"""Characters of a comment that are read; what matters is said early."""
_FEW = 4
"""Sentences of a word that ends a conversation, with a greeting and a signature."""
_SHORT = 40
"""Words of one: who goes on longer has more to say than that all is well."""
_SENTENCE = re.compile(r"[^.!?\n]+(?:\.(?=\S)[^.!?\n]+)*[.!?]*")


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


_FAULT: Final = r"(?:issue|problem|error|bug|crash|exception|failure|warning|trace(?:back)?)s?"
_SOLVED: Final = r"(?:fixed|resolved|solved)"
_IT: Final = r"(?:it|this|that)\b(?= *(?:$|[.,!;]|with|in|on|after|since|now|here|any ?more))"
"""Alone: `that machine` is something else."""
_NEWER: Final = (
    r"(?:the |this |that |an? |your |my |i |we )?(?:\w+ )?(?:upgrad|updat|fix|patch|re-?install|latest|newest"
    r"|new (?:release|version)|nightly|main\b|master\b)"
)
"""What it works with, or since: something that changed."""
_STILL = _any(
    r"\bstill\b[^,;]{0,40}\b(?:happen|occur|reproduc|br(?:oke|eak)|fail|crash|see|get|got|ha(?:ve|s|ving)|hit|present|exist)",
    r"\bstill\b[^,;]{0,40}\b(?:there|an? (?:issue|problem|bug|error)|not (?:work|fixed|resolved|solved)|affects?)\b",
    r"\bstill (?:does(?:n'?t| not)|isn'?t|not)\b",
    r"\b(?:same|this|that|the) (?:issue|problem|error|bug|crash|behaviou?r) (?:here|too|again|persists|remains)\b",
    r"\bsame here\b|\bme too\b|\bpersists\b|\bnot fixed\b",
    # What is confirmed may be the fix.
    r"\bcan confirm\b(?!.{0,60}\b(?:fix(?:ed|es)?|works?|working|gone|solved|resolved|no longer)\b)",
    r"\b(?:is|was|are)(?:n'?t| not) (?:fixed|resolved|solved)\b",
    r"\b(?:happens|happened|occurs|fails|crashes|broken|reproducible) (?:again|for me (?:too|as well))\b",
    r"\bhappens? (?:(?:to|for|with|on) (?:me|us|our|my)\b|every time|each time|all the time|always|constantly)",
    r"\b(?:is|it's) (?:also )?reproducible\b",
    r"\b(?:came|is|it'?s) back (?:again|in v?\d|with v?\d|since)",
    r"\b(?:reproduced?|reproducible|happen(?:s|ing)|(?:see|hit|hitting) (?:it|this)|broken|fail(?:s|ing)|crashes)"
    r"[^,;]{0,25} (?:in|on|with|using) (?:v?\d|the (?:latest|new)|main\b|master\b)",
    r"\b(?:exact |very )?same (?:trace|traceback|crash|result|error|issue|problem)\b",
    r"\b(?:hitting|running into|run into|ran into|happening|seeing) (?:this|it|here)\b|\bproblem remains\b",
    r"(?<!was )(?<!were )\b(?:experiencing|encountering|facing|having|seeing|getting|hitting)"
    rf" (?:this|it|the same|exactly (?:this|the same)|(?:this|the) {_FAULT})\b",
    r"(?:^|it'?s |is |still )not working\b|\bnot working (?:for me|here|with|on|either)\b",
    r"\bdo(?:es)?(?:n'?t| not) (?:help|work|fix|solve|change) ?(?:it |this |anything )?(?:either|for me|in my|here)\b",
    r"\b(?:fix|patch|update|upgrade|workaround)\b[^,;]{0,20}\b(?:does|did|do)(?:n'?t| not) (?:work|help|fix|solve)",
    r"\b(?:fix|patch)\b[^,;]{0,20}\b(?:incomplete|insufficient|not (?:enough|complete|sufficient))\b",
    r"\b(?:had|have|got|get|hit|see) (?:it|this) again\b|\bcan still\b|\bplease re-?open\b",
)
_NO_LONGER = _any(
    r"\bno longer\b|\bany ?more\b|\bstopped\b|\bgone\b|\bnot reproduc|\b(?:un|not )able to reproduce\b",
    r"\bcan(?:no|')t (?:reproduce|confirm)\b|\bcan not (?:reproduce|confirm)\b",
    r"\bif (?:it|this|that|you|the|anyone)\b|\bwhether\b|\blet (?:me|us) know\b|\bstill (?:open|waiting|on my)\b",
)
_WORKS = _any(
    r"\bno longer (?:happen|occur|fail|crash|reproduc|broken|an? (?:issue|problem))\w*",
    rf"\bno longer (?:see|get|hit|ha(?:ve|s|d))(?:ing)? (?:{_IT}|(?:this|that|the|any|an?) (?:\w+ )?{_FAULT}\b)",
    rf"(?:n't|\bnot|cannot) (?:happen|occur|fail|crash|reproduce|(?:see|get|have) {_IT})[^,;]{{0,20}} any ?more\b",
    rf"\bno (?:more )?{_FAULT} (?:any ?more|since|now)\b",
    r"\bwork(?:s|ing)\b(?: (?:fine|well|great|perfectly|just|as expected|for me|for us|here|again))*"
    rf" (?:now\b(?! and (?:then|again))|(?:since|after|with|in|on) {_NEWER})",
    r"\bnow (?:it |this |that |everything |all )?(?:just )?work(?:s|ing)\b",
    r"\b(?:the|your|this|that) (?:fix|patch|update|upgrade|new (?:version|release)) (?:works|worked)\b",
    r"\bthat (?:has )?worked(?: (?:for me|perfectly|great|well|fine|like a charm))*(?= *(?:$|[.,!;:)]|thank|thx))",
    r"\bthat did it\b",
    rf"\b(?:it|this|that|which|everything|all|{_FAULT})(?:'s| is| was| are| has| have| seems?| appears?| got)(?: to)?"
    rf"(?: be| been| now| already| finally| all)* {_SOLVED}\b(?! (?:to|at|size|width|length)\b)",
    rf"^\W*(?:(?:ok|okay|yes|great|now|already|and|seems?|appears? to be)\W+)*{_SOLVED}\b"
    r"(?![ -](?:to|at|size|width|length)\b)",
    rf"\b{_SOLVED} (?:it|this|that|everything|(?:the|my|our) (?:(?!first|second|other|last|one)\w+ )?{_FAULT})\b"
    r"(?! (?:title|description|template)\b)",
    rf"\b(?:it|this|that|{_FAULT})(?: has| have)? (?:went|gone) away\b|\b{_FAULT}(?:'s| is| are)(?: now)? gone\b",
    r"\b(?:it|this)(?:'s| is)(?: now)? gone\b(?= *(?:now|in v?\d|with|since|$|[.,!]))",
    r"\bdid the (?:trick|job)\b",
    r"\b(?:all|everything) (?:is |runs |works )?(?:fine|good|well|through)\b(?: (?:now|again|for me|here))*"
    r"(?= *(?:$|[.,!)]|thank|thx))",
    r"\b(?:it|everything) runs (?:through )?now\b|\bgot it (?:to work|working)\b",
    r"\bnever ?mind\b(?= *(?:$|[.,!;:)-]))|\bsorry for the noise\b",
    r"\bthat was (?:it|(?:indeed |exactly )?the (?:problem|issue|cause|culprit))\b(?! (?:in|with|of|when|that)\b)",
    r"\b(?:you (?:can|may)|feel free to|(?:okay?|fine) to) close\b"
    r"(?= (?:this|it|now|the (?:issue|ticket))\b|\W*$|[,;])",
    r"(?:^|\b(?:this|it|issue|ticket)) can (?:now )?be closed\b",
)
_RESERVES = _any(
    r"\b(?:not|no|never|none|nothing|cannot|but|however|unfortunately|although|though|except|unless|until|sadly)\b|n't\b",
    r"\b(?:downgrad|revert|work-?around|pinn(?:ed|ing)|hack|temporar|disagree|re-?open|reconsider|regress|back to)",
    r"\broll(?:ed|ing)? back\b|\brollback\b|\b(?:before|previous(?:ly)?|used to|earlier|older|in the meantime)\b",
    r"\b(?:for (?:now|the moment)|at (?:the moment|least)|so far|only|locally|sometimes|intermittent\w*|mostly)\b",
    r"\bmy (?:own )?(?:branch|fork|patch|machine)\b|\b(?:prs?|pull requests?|review|here (?:is|are))\b|#\d",
    r"\b(?:if|when|whenever|should|would|could|might|may|maybe|hope|suppos\w*|thought|expect\w*|still|going to)\b",
    r"\b(?:i'?ll|will)\b(?! close)|\b(?:first|second|others?|another|one of|rest|parts?|partly|partially|half)\b",
)
"""What makes of "it works" something else: it did once, for some, with another version, or by a way around."""
_NO_END = _any(
    r"\b(?:but|however|unfortunately|though|sadly|still|not|no)\b|n't\b",
    r"\b(?:i'?ll|i will|going to|let me|tomorrow|later|happens|see below)\b",
)
"""Thanks with one of these are mere politeness: the talk goes on."""
_KEEPS_OPEN = _any(
    r"\b(?:keep(?:ing)?|leav(?:e|ing)|left) (?:it |this |that )?(?:issue |one |ticket )?open\b|\bre-?open",
    r"\bonly (?:covers?|fixe[sd]|handles?|solve[sd]|addresse[sd]|helps?)\b",
    r"\bpartial(?:ly)?\b|\bparts? (?:of|is|are)\b|\b(?:one|first|a) half\b|\bhalf of\b|\bthe rest\b|\bnot all\b",
    r"\b(?:remaining|left to do|to be done)\b|\bstill (?:to do|open|missing|needs?|needed|left)\b",
    r"\bnot (?:yet |quite )?(?:complete|done|fixed|all)\b",
)
_GIVES = re.compile(r"```|https?://")
"""An answer with something in hand, though it ends with thanks."""
_THANKS = _any(r"\b(?:thanks|thank you|thx|cheers|much appreciated|got it|makes sense|perfect)\b")
_GREETS = _any(r"^\W*(?:hi|hello|hey|welcome|best regards|kind regards)\b[^,;:]{0,30}$")
_CLOSES = _any(
    r"^\W*(?:(?:i'?m|i am|we'?re|so|ok(?:ay)?|therefore)\W+)*clos(?:ing|ed)\b|^\W*(?:let'?s|i'?ll|i will) close\b"
)
_DATA: Final = (
    r"(?:info\w*|details?|logs?|outputs?|repro\w*|examples?|snippets?|(?:stack ?)?traces?|tracebacks?|versions?"
    r"|config\w*|settings|samples?|code|scripts?|data|files?|dumps?|screenshots?|steps|mwe)\b"
)
"""What maintainers ask authors for."""
_KIND: Final = (
    r"(?:(?:an?|the|some|more|any|further|additional|full|complete|minimal|small|short|exact|actual|input|debug"
    r"|self-contained|reproducible|which|what|your) )*"
)
_WELCOME: Final = r"(?:\w+ )?(?:good|great|nice|helpful|useful)"
_ASKS = _any(
    r"\b(?:could|can|would|will) you\b|\bare you (?:still|able|using|on|sure)\b",
    r"\bdo you (?:have|mind|still|know|get|see)\b|\b(?:which|what) version\b",
    r"\bany (?:updates?|news)\b(?: (?:on|about|for|from|here)(?: (?:this|that|it|here|you|your \w+))?)?\W*$",
    r"\bplease,? (?:\w+ )?(?:provide|share|post|add|attach|give|paste|send|include|upload|show|fill)\b",
    r"\bplease,? (?:\w+ )?(?:try|check|confirm|test|run|verify|describe|elaborate|clarify|tell|report)\b",
    # Where it is fixed there, the author is told, not asked.
    r"\bplease,? (?:\w+ )?(?:update|upgrade)\b(?!.{0,60}\b(?:fix|resolv|solv|includ|contain))",
    rf"(?:^\W*|\b(?:we|i)(?:'d| would)?(?: \w+)? )need (?:to know|to see|your\b|{_KIND}{_DATA})",
    r"(?:\b(?:please|need)\b|^\W*provide\b).{0,40}\bmore (?:info|information|details?)\b",
    r"\blet (?:us|me) know\b(?! (?:if|when|whenever|once|in case|should))",
    r"\b(?:please|need|provide|without)\b.{0,30}\bminimal (?:example|repro)",
    rf"\b(?:reproducer|example|snippet|log|trace(?:back)?|sample|details) would (?:help|be {_WELCOME})\b",
    rf"\bwould be {_WELCOME} (?:if you|to know|to (?:see|have|get) {_KIND}{_DATA})",
)
_INVITES = _any(
    r"\b(?:open|submit|send|make|create|raise|file|contribut\w*|up for|interested in)\b.{0,30}"
    r"\b(?:prs?|pull requests?|patch(?:es)?)\b"
)
"""Nobody waits for an author who does not take that up."""
_PROMISES = _any(
    r"\b(?:i|we)(?:'ll| will|'m| am|'re| are)(?: \w+)?"
    r" (?:look|fix|take|work|investigat|send|push|handl|check|add|see|clean|tackl|discuss|provid|post|shar|implement"
    r"|releas)",
    r"\b(?:on (?:my|our) (?:list|radar|roadmap)|(?:i'm|we're|am|are) on it)\b",
    r"\b(?:prs?|pull requests?|patch(?:es)?|fix) (?:is |are )?(?:welcome|coming|under ?way|in progress)\b",
)
_OTHER: Final = (
    r"[*_(\[]{0,3}(?:(?P<repo>[\w.-]+/[\w.-]+)?#"
    r"|https?://(?:www\.)?github\.com/(?P<full>[\w.-]+/[\w.-]+)/issues/)(?P<number>\d{1,9})\b"
)
_PLAIN_DUPLICATE = re.compile(
    r"^(?:\W|(?:hi|hey|hello|thanks|thank you|yes|yep|ok|okay|so|sorry|right|indeed)\b|@\S+)*"
    r"(?:(?:i'm |i am )?(?:clos(?:ing|ed)|marking)(?: (?:this|it)(?: (?:issue|one))?)? as (?:an? )?"
    r"|(?:this|it|that)(?:'s| is) (?:(?:clearly|indeed|also|just|actually|an?|exact) )*)?"
    rf"(?:duplicate|dupe?)(?:(?: issue)? of|[,:;]? see|[,:])[ :]*(?:issue )?{_OTHER}",
)
_LIKE_DUPLICATE = re.compile(
    r"(?:\b(?:duplicate|dupe?)(?: issue)? of|\bduplicates|\b(?:tracked|reported) (?:in|as|by|at|under)"
    r"|\bin favou?r of|\bsuperseded by"
    r"|(?:^\W*|\b(?:is|looks|seems)(?: like)? |'s )(?:exactly )?(?:the )?same (?:\w+ )?as)"
    rf"[ :]+(?:issue )?{_OTHER}",
)
_NO_DUPLICATE = _any(
    r"\bnot\b|n't\b|\b(?:may|might|maybe|perhaps|whether|unless|if|unrelated|at first)\b",
    r"\b(?:could|can|would|should) be\b|\b(?:no|never|mistaken?(?:ly)?|wrong(?:ly)?|re-?open\w*|revert\w*)\b",
    r"\b(?:parts?|partly|partially|half|keep(?:ing)?|only|prs?|pull requests?|similar|related|almost|different)\b",
)
"""A duplicate that is ruled out, only wondered about, or of something else than this issue."""
_TAKES_BACK = _any(
    r"\bre-?open|\b(?:was|am|i'm) (?:wrong|mistaken)\b|\b(?:by|my) mistake\b|\bon second thought|\bunrelated\b",
    r"(?:\bnot|n't) (?:\w+ )?(?:an? |the )?(?:duplicate|dupe?|same)\b|\bno (?:duplicate|dupe?)\b",
    rf"\bdifferent (?:{_FAULT}|cause|thing)\b",
)
_NEWEST_CODE = _any(r"\b(?:main|master|trunk|head|nightly|latest|newest)\b")
_NUMBER = re.compile(r"\d\.\d")
_ELSEWISE = _any(
    r"\b(?:nothing|no longer|any ?more|fixed|resolved|solved|gone|works|working|fine|okay?|good|not reproduc\w*)\b",
    r"\b(?:un|not )able to reproduce\b|\bcan(?:no|')t (?:reproduce|confirm)\b|\bcan not (?:reproduce|confirm)\b",
    r"\b(?:will|should|would|could|might|plan(?:s|ned)?|milestone|target\w*|wait\w*|until|please|try|mind)\b",
)
"""A version is named, and not because it happens with it."""
_MENTIONS = re.compile(r"(?<![\w@])@([A-Za-z0-9][A-Za-z0-9-]{0,38})")


class Duplicate(NamedTuple):
    """Of which issue somebody called one a duplicate."""

    number: int
    plain: bool
    """In so many words; else it was said that it is tracked there, or the like."""


@lru_cache(maxsize=256)
def sentences(text: str) -> tuple[str, ...]:
    """A person's own words in lower case, a sentence each. Every rule asks for those of the same few comments."""
    own = prose(text[:_LONGEST]).replace("’", "'").lower()
    found = (match[0].strip() for match in _SENTENCE.finditer(own))
    return tuple(sentence for sentence in found if sentence)


@lru_cache(maxsize=256)
def still_happens(text: str) -> bool:
    """Somebody says that the problem is there."""
    return any(map(_is_there, sentences(text)))


def _is_there(sentence: str) -> bool:
    return bool(_STILL.search(sentence)) and not _NO_LONGER.search(sentence) and not sentence.endswith("?")


@lru_cache(maxsize=256)
def works_now(text: str) -> bool:
    """Somebody says in a few words that the problem is gone, and nothing beside it that makes one doubt that."""
    said = sentences(text)
    if len(said) > _FEW or sum(len(one.split()) for one in said) > _SHORT or not any(map(_WORKS.search, said)):
        return False
    # "No longer" is no denial where it is the good news itself.
    beside = (_WORKS.sub(" ", one) for one in said)
    return not any(one.endswith("?") or _RESERVES.search(one) for one in beside) and not still_happens(text)


@lru_cache(maxsize=256)
def thanks(text: str) -> bool:
    """Short thanks, with no question and no reservation in them: the usual end of a conversation."""
    said = sentences(text)
    place = next((at for at, one in enumerate(said) if _THANKS.search(one)), None)
    if place is None or len(said) > _FEW or _GIVES.search(text):
        return False
    # After more than a word or two they are a mere close of what was said; before more, an opening of it.
    is_all = all(len(one.split()) <= 3 for one in said[:place]) and all(
        len(one.split()) <= 5 for one in said[place + 1 :]
    )
    return is_all and not any(one.endswith("?") or _NO_END.search(one) for one in said)


def keeps_open(text: str) -> bool:
    """What was done is not all: something is left of the problem."""
    return any(map(_KEEPS_OPEN.search, sentences(text)))


@lru_cache(maxsize=256)
def asks(text: str) -> bool:
    """Something is asked of the reader, by a question or a plea."""
    return any(one.endswith("?") or _ASKS.search(one) for one in sentences(text))


def asks_plainly(text: str) -> bool:
    """The same by words that leave no doubt; a question mark alone may be rhetorical."""
    return any(_ASKS.search(one) and not _INVITES.search(one) for one in sentences(text))


def promises(text: str) -> bool:
    """The writer means to do something about it, so that nobody else is waited for."""
    return any(map(_PROMISES.search, sentences(text)))


def is_answer(text: str) -> bool:
    """The reader is told something: not asked, not put off, and not only greeted, thanked or told that it is closed."""
    return not asks(text) and not promises(text) and any(map(_tells, sentences(text)))


def _tells(sentence: str) -> bool:
    is_mere = _GREETS.search(sentence) or _CLOSES.search(sentence) or _PLAIN_DUPLICATE.search(sentence)
    is_thanks = len(sentence.split()) <= 6 and _THANKS.search(sentence)
    return not is_mere and not is_thanks and re.search(r"\w\w", sentence) is not None


def duplicate_of(text: str, full_name: str) -> Duplicate | None:
    """What is called the same, where it is an issue of this repository (`owner/name`)."""
    for sentence in sentences(text):
        if sentence.endswith("?") or _NO_DUPLICATE.search(sentence):
            continue
        plain = _PLAIN_DUPLICATE.search(sentence)
        match = plain or _LIKE_DUPLICATE.search(sentence)
        # A number before that is what it was said of.
        if match is None or re.search(r"#\d", sentence[: match.start()]):
            continue
        repository = match["repo"] or match["full"]
        if repository is None or repository.lower() == full_name.lower():
            return Duplicate(int(match["number"]), plain is not None)
    return None


def takes_back(text: str) -> bool:
    """What was called the same is another thing after all."""
    return any(map(_TAKES_BACK.search, sentences(text)))


def sightings(text: str) -> Iterator[tuple[str, bool]]:
    """Sentences by which somebody may have met it with a version; True: with the newest code there was then."""
    for one in () if works_now(text) else sentences(text):
        on_newest = bool(_NEWEST_CODE.search(one))
        if not (on_newest or _NUMBER.search(one)):
            continue
        is_there = _is_there(one)
        if is_there or not (one.endswith("?") or _ELSEWISE.search(one)):
            yield one, is_there and on_newest


def mentioned(text: str) -> frozenset[str]:
    """Logins, lower case, that the text speaks to."""
    return frozenset(login.lower() for login in _MENTIONS.findall(prose(text[:_LONGEST])))
