"""What people say in passing: that it still happens, that it works now, that they ask for something. English only.

Each pattern is looked for in one sentence of somebody's own words, so that code, quotes and questions do not count.
"""

from __future__ import annotations

import re
from functools import lru_cache

from bot.triage.prose import prose

_LONGEST = 20_000
"""Characters of a comment that are read; what matters is said early."""
_SENTENCE = re.compile(r"[^.!?\n]+(?:\.(?=\S)[^.!?\n]+)*[.!?]*")


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_STILL = _any(
    r"\bstill\b[^,;]{0,40}\b(?:happen|occur|reproduc|br(?:oke|eak)|fail|crash|see|get|got|ha(?:ve|s|ving)|hit|present|exist)",
    r"\bstill\b[^,;]{0,40}\b(?:there|an? (?:issue|problem|bug|error)|not (?:work|fixed|resolved|solved)|affects?)\b",
    r"\bstill (?:does(?:n'?t| not)|isn'?t|not)\b",
    r"\b(?:same|this|that|the) (?:issue|problem|error|bug|crash|behaviou?r) (?:here|too|again|persists|remains)\b",
    r"\bsame here\b|\bme too\b|\bcan confirm\b|\bpersists\b|\bnot fixed\b",
    r"\b(?:is|was|are)(?:n'?t| not) (?:fixed|resolved|solved)\b",
    r"\b(?:happens|happened|occurs|fails|crashes|broken|reproducible) (?:again|for me (?:too|as well))\b",
    r"\b(?:came|is|it'?s) back (?:again|in v?\d|with v?\d|since)",
    r"\b(?:reproduced?|reproducible|happen(?:s|ing)|(?:see|hit|hitting) (?:it|this)|broken|fail(?:s|ing)|crashes)"
    r"[^,;]{0,25} (?:in|on|with|using) (?:v?\d|the (?:latest|new)|main\b|master\b)",
    r"\b(?:exact |very )?same (?:trace|traceback|crash|result|error|issue|problem)\b",
    r"\b(?:hitting|running into|run into|ran into|happening|seeing) (?:this|it|here)\b|\bproblem remains\b",
    r"\bdo(?:es)?(?:n'?t| not) (?:help|work|fix|solve|change) ?(?:it |this |anything )?(?:either|for me|in my|here)\b",
    r"\b(?:had|have|got|get|hit|see) (?:it|this) again\b|\bcan still\b|\bplease re-?open\b",
)
_NO_LONGER = _any(
    r"\bno longer\b|\bany ?more\b|\bstopped\b|\bgone\b|\bnot reproduc|\b(?:un|not )able to reproduce\b",
    r"\bcan(?:no|')t (?:reproduce|confirm)\b|\bcan not (?:reproduce|confirm)\b",
    r"\bif (?:it|this|that|you|the|anyone)\b|\bwhether\b|\blet (?:me|us) know\b|\bstill (?:open|waiting|on my)\b",
)
_WORKS = _any(
    r"\bno longer (?:happen|occur|see|get|fail|crash|reproduc|ha(?:ve|s)|an? (?:issue|problem|error)|broken)",
    r"(?:n't|\bnot) (?:happen|occur|fail|crash|see|get|have)[^,;]{0,40} any ?more\b",
    r"\bwork(?:s|ed|ing)? (?:fine |well |perfectly |as expected )?(?:for me )?(?:now|again|with v?\d|since|after)\b",
    r"\bnow (?:it )?works\b|\b(?:that|this|it|which) (?:has |have )?(?:solved|fixed|resolved|did it|worked|helped)\b",
    r"\b(?:is|was|been|got|seems?|appears?)(?: to be)? (?:now |already )?(?:fixed|resolved|solved)\b",
    r"\b(?:fixed|resolved|solved) (?:it |this |that )?(?:in|by|with|since|for me|now|(?:the|my) (?:issue|problem))\b",
    r"\bcan(?:not|'t| no longer| not) reproduce\b",
    r"\b(?:problem|issue) (?:is |has )?(?:solved|fixed|resolved|gone|went away)\b",
    r"\b(?:solved|fixed|resolved) (?:it|this|that)\b|\b(?:is|it'?s) gone\b|\bdid the trick\b",
    r"\b(?:all|everything|it|that) (?:is|runs|works) (?:fine|good|through|well)\b",
    r"\b(?:it|everything) runs (?:through )?now\b|\bgot it (?:to work|working)\b",
    r"\bnever ?mind\b|\bmy (?:bad|mistake|fault)\b|\bsorry for the noise\b",
    r"\bthat was (?:it|the (?:problem|issue|cause))\b|\byou can close\b",
    r"\b(?:feel free|okay?|fine) to close\b|\bclosing\b|\bcan be closed\b",
)
_NOT_YET = _any(
    r"\bnot (?:yet )?(?:fixed|resolved|solved)\b",
    r"\b(?:is|was|has|does|did)(?:n'?t| not) (?:been )?(?:fix|resolv|solv|work|help)",
    r"\b(?:if|when|should|would be|will be|hope|unless|until|but|never(?! ?mind))\b",
)
_NO_END = _any(
    r"\b(?:but|however|unfortunately|though|sadly|still|not|no)\b|n't\b",
    r"\b(?:i'?ll|i will|going to|let me|tomorrow|later|happens|see below)\b",
)
"""Thanks with one of these are mere politeness: the talk goes on."""
_GIVES = re.compile(r"```|https?://")
"""An answer with something in hand, though it ends with thanks."""
_THANKS = _any(r"\b(?:thanks|thank you|thx|cheers|much appreciated|got it|makes sense|perfect)\b")
_ASKS = _any(
    r"\b(?:could|can|would|will) you\b|\bare you (?:still|able|using|on|sure)\b",
    r"\bdo you (?:have|mind|still|know|get|see)\b|\b(?:which|what) version\b|\bany (?:update|news)\b",
    r"\bplease,? (?:\w+ )?(?:provide|share|post|add|attach|give|paste|send|include|upload|show|fill|open)\b",
    r"\bplease,? (?:\w+ )?(?:try|check|confirm|test|run|update|upgrade|verify)\b",
    r"\bplease,? (?:\w+ )?(?:describe|elaborate|clarify|let|tell|report)\b",
    r"\b(?:we|i)(?:'d| would)? need (?:an?|the|some|more|to know|to see|your)\b|\bmore (?:info|information|details)\b",
    r"\blet (?:us|me) know\b|\bminimal (?:example|repro)",
    r"\b(?:reproducer|example|snippet|log|trace(?:back)?|sample|details) would (?:help|be)\b",
    r"\bwould be (?:good|great|nice|helpful|useful) (?:to (?:see|have|know|get)|if you)\b",
)
_PROMISES = _any(
    r"\b(?:i|we)(?:'ll| will|'m| am|'re| are)(?: \w+)?"
    r" (?:look|fix|take|work|investigat|send|push|handl|check|add|see|clean|tackl)",
    r"\b(?:on (?:my|our) (?:list|radar|roadmap)|(?:i'm|we're|am|are) on it)\b",
    r"\b(?:prs?|pull requests?|patch(?:es)?|fix) (?:is |are )?(?:welcome|coming|under ?way|in progress)\b",
)
_DUPLICATE = re.compile(
    r"\b(?:(?:duplicate[sd]?|dupe?) (?:of|by)|duplicates|(?:duplicate|dupe?)(?=:)|same (?:issue |bug |problem )?as"
    r"|(?:tracked|handled|discussed) (?:in|by)|in favou?r of|superseded by)[ :]+(?:(?P<repo>[\w.-]+/[\w.-]+)?#|"
    r"https?://(?:www\.)?github\.com/(?P<full>[\w.-]+/[\w.-]+)/issues/)(?P<number>\d{1,9})\b",
    re.IGNORECASE,
)
_NO_DUPLICATE = _any(
    r"\bnot\b|n't\b|\b(?:may|might|maybe|perhaps|whether|unless|if|unrelated|at first)\b|\b(?:could|can|would) be\b"
)
"""A duplicate that is ruled out, or only wondered about."""
_MENTIONS = re.compile(r"(?<![\w@])@([A-Za-z0-9][A-Za-z0-9-]{0,38})")


@lru_cache(maxsize=256)
def sentences(text: str) -> tuple[str, ...]:
    """A person's own words, a sentence each. Every rule asks for those of the same few comments."""
    found = (match[0].strip() for match in _SENTENCE.finditer(prose(text[:_LONGEST]).replace("’", "'")))
    return tuple(sentence for sentence in found if sentence)


def still_happens(text: str) -> bool:
    """Somebody says that the problem is there."""
    return any(_STILL.search(one) and not _NO_LONGER.search(one) and not one.endswith("?") for one in sentences(text))


def works_now(text: str) -> bool:
    """Somebody says that the problem is gone, and nowhere in the same text that it is not."""
    found = any(_WORKS.search(one) and not _NOT_YET.search(one) and not one.endswith("?") for one in sentences(text))
    return found and not still_happens(text)


def thanks(text: str) -> bool:
    """Short thanks, with no question and no reservation in them: the usual end of a conversation."""
    said = sentences(text)
    place = next((at for at, one in enumerate(said) if _THANKS.search(one)), None)
    if place is None or len(said) > 4 or _GIVES.search(text):
        return False
    # After more than a word or two they are a mere close of what was said; before more, an opening of it.
    is_all = all(len(one.split()) <= 3 for one in said[:place]) and all(
        len(one.split()) <= 5 for one in said[place + 1 :]
    )
    return is_all and not any(one.endswith("?") or _NO_END.search(one) for one in said)


def asks(text: str) -> bool:
    """Something is asked of the reader, by a question or a plea."""
    return any(one.endswith("?") or _ASKS.search(one) for one in sentences(text))


def asks_plainly(text: str) -> bool:
    """The same by words that leave no doubt; a question mark alone may be rhetorical."""
    return any(map(_ASKS.search, sentences(text)))


def promises(text: str) -> bool:
    """The writer means to do something about it, so that nobody else is waited for."""
    return any(map(_PROMISES.search, sentences(text)))


def duplicate_of(text: str, full_name: str) -> int | None:
    """The number after "duplicate of" or the like, where it is an issue of this repository (`owner/name`)."""
    for sentence in sentences(text):
        if sentence.endswith("?") or _NO_DUPLICATE.search(sentence):
            continue
        for match in _DUPLICATE.finditer(sentence):
            repository = match["repo"] or match["full"]
            if repository is None or repository.lower() == full_name.lower():
                return int(match["number"])
    return None


def mentioned(text: str) -> frozenset[str]:
    """Logins, lower case, that the text speaks to."""
    return frozenset(login.lower() for login in _MENTIONS.findall(prose(text[:_LONGEST])))
