"""What assistants say of themselves: that they know, kept, looked up, made or may not say something.

People say `I can't swim` and `Of course I work there` too; what makes such a line an assistant's is what it cannot do
(share, disclose, help with), what it keeps (a note, a memory) and what it made (a draft, a table). Rules for English,
and shorter ones for German, French, Spanish, Italian, Portuguese, Russian and Chinese.
"""

from __future__ import annotations

import re

_AI = (
    r"(?:ai|a\.i\.|artificial intelligence|(?:large )?language model|chatbot|virtual assistant|ki|sprachmodell|"
    r"chatprogramm|"
    r"ia|intelligence artificielle|modèle de langage|inteligencia artificial|modelo de lengua\w*|intelligenza "
    r"artificiale|"
    r"modello linguistico|inteligência artificial|modelo de linguagem)"
)
_IS_ONE = re.compile(
    rf"(?i)\bas (?:an?|your) (?:{_AI}|assistant)\b|\bi(?:'m| am|’m) (?:just |only )?(?:an? |your )(?:\w+ )?{_AI}\b|"
    r"\bi(?:'m| am|’m) your (?:\w+ )?(?:assistant|helper|chatbot|bot)\b|"
    rf"\b(?:als|ich bin) (?:eine?|reines?|reine)?\s?{_AI}|\b(?:en tant qu(?:e |')|je suis )(?:une? |qu')?{_AI}\b|"
    rf"\b(?:como|soy|sou) (?:una? |uma? )?{_AI}\b|\b(?:come|sono) (?:un'?a? ?)?{_AI}\b|"
    r"\b(?:как|я(?: —| -)?) (?:ии|языковая модель|искусственный интеллект)\b|(?:作为|我是|我只是)(?:一个|一種|"
    r"一种)?(?:AI|人工智能|"
    r"语言模型|智能助手)"
)
_KEPT = re.compile(
    r"(?i)\b(?:i|we)(?:'ve|’ve| have|'ll|’ll| will)? (?:now |just |also )?(?:saved?|stored?|noted?|recorded?|"
    r"memori[sz]ed?|"
    r"logged|log|remember(?:ed)?|kept|keep|bear)(?: down| in mind)? (?:that|this|it|your|the fact|everything)\b|"
    r"\b(?:i|we)(?:'ve|’ve| have|'ll|’ll| will)? (?:ma[dk]e a note|add(?:ed)? .{0,30}\bto (?:my |the |our "
    r")?(?:memory|"
    r"notes|records|profile)|(?:updated|changed|corrected|edited|deleted|removed) (?:the|your) (?:entry|record|note|"
    r"memory|profile)\b|add(?:ed)? .{0,60}\bto (?:the|your) (?:list|calendar|file|log|reminders|itinerary))\b|"
    r"\b(?:gespeichert|gemerkt|notiert|vorgemerkt)\b|\b(?:j'ai|je l'ai) (?:bien )?(?:noté|enregistré|mémorisé|"
    r"retenu)\b|"
    r"\b(?:he|lo he) (?:guardado|anotado|memorizado|registrado)\b|\bho (?:salvato|annotato|memorizzato|registrato)\b|"
    r"\b(?:anotei|guardei|memorizei)\b|\bя (?:запомнила?|сохранила?|записала?|запомню)\b|我(?:已经|已|会)?(?:记住|"
    r"保存|记下|记录)"
)
_MEMORY = re.compile(
    r"(?i)\b(?:my|our) (?:memory|notes|records?|memory store|database|knowledge(?: base)?|training(?: data)?) "
    r"(?:says?|shows?|tells?|lists?|contains?|holds?|indicates?|includes?)\b|"
    r"\baccording to (?:my|our) (?:memory|notes|records|data)\b|"
    r"\b(?:laut|gemäß|nach|in) meine[rnm]? (?:erinnerung\w*|notizen|aufzeichnung\w*|gedächtnis|speicher)\b|"
    r"\b(?:d'après|selon|dans) (?:ma|mes) (?:mémoire|notes|souvenirs)\b|\b(?:según|en) (?:mi|mis) (?:memoria|"
    r"recuerdos|notas|"
    r"registros)\b|\bsecondo (?:la mia|i miei|le mie) (?:memoria|ricordi|note)\b|"
    r"\b(?:согласно|по|в) (?:моим|моей) (?:запис\w+|памяти|данным|заметк\w+)\b|(?:根据|按照)我的(?:记忆|记录|"
    r"笔记)|我(?:的记忆|"
    r"的记录)(?:中|里|显示)|"
    r"\b(?:d'après|selon) ce que je sais\b|\bsoweit ich weiß\b|\bpor lo que sé\b|\bнасколько я знаю\b|据我所知|"
    r"\baus (?:dem|meinem) (?:gedächtnis|speicher)\b|\bde (?:la )?mémoire\b|\bde memoria\b(?=.*:)|\bиз памяти\b"
)
_RECALLED_FOR = re.compile(
    r"(?i)\b(?:i|we)(?:'ve|’ve| have)? (?:also )?(?:found|retrieved|looked up|searched|pulled up|located) "
    r".{0,30}\b(?:entr(?:y|ies)|"
    r"memor(?:y|ies)|results?|records?|facts?|passages?|notes?|matches)\b|\b(?:i|we) (?:should|will|'ll|need to|must|"
    r"could|can) (?:now |first |then )?(?:search|check|query|look up|look for|call|use the|retrieve|consult)\b|"
    r"\bhere (?:they|it) (?:are|is)\b|^\W*(?:i )?hope (?:this|that|it) helps\b|^\W*let me know if you(?:'d)? "
    r"(?:need|have|want|like)\b"
)
_OPENING = re.compile(
    r"(?i)^\W*(?:certainly|absolutely|of course|sure(?: thing)?|got it|noted|understood|great question|good question|"
    r"(?:glad|great|thanks) (?:that )?you asked|happy to help|glad to help|gladly|"
    r"no problem|my pleasure|will do|done|gerne|natürlich|selbstverständlich|sehr "
    r"gern|"
    r"verstanden|alles klar|bien sûr|certainement|volontiers|avec plaisir|c'est noté|compris|claro(?: que sí)?|"
    r"por supuesto|con gusto|entendido|desde luego|certo|certamente|volentieri|capito|con piacere|claro|com certeza|"
    r"конечно|разумеется|понял[а]?|понятно|принято|хорошо|с удовольствием|好的|当然|没问题|明白了|了解)\s*"
    r"(?P<mark>[!！。，,.:—–-]+)\s*(?P<rest>.*)$",
    re.DOTALL,
)
_ME = re.compile(
    r"(?i)\b(?:my|mine|me|i(?:'m| am| was| have|'ve| live| work| love| like| hate| play| use| own| prefer| still)|"
    r"mein\w*|"
    r"ich|mon|ma|mes|je|j'\w+|mi|mis|yo|mio|mia|io|meu|minha|eu|я|мой|моя|меня|мне|our|we)\b|我"
)
_MADE = re.compile(
    r"(?i)\b(?:here(?:'s|’s| is| are| you go)(?! (?:my|our|the thing|why|how)\b)|(?:voici|voilà)(?! (?:ma|mon|mes|"
    r"notre|nos)\b)|hier (?:ist|"
    r"sind|kommt)(?! (?:es|mein\w*|unser\w*|nicht|alles|man|immer|noch|schon)\b)|aquí (?:está|están|tienes|tiene|"
    r"va)|ecco|"
    r"aqui está|вот|这是|以下是|如下)\b|(?:这是|以下是)|\bi(?:'ve|’ve| have)? (?:re)?(?:wrote|written|drafted|"
    r"updated|revised|"
    r"shortened|translated|summari[sz]ed|corrected|fixed|added|removed|changed|formatted|attached|listed|prepared) "
    r"(?:the|your|a|an|it|this|these|that|all)\b.{0,30}?\b(?:text|paragraph|letter|e-?mail|draft|table|list|summary|"
    r"version|"
    r"code|translation|sentence|section|message|reply|poem|essay|title|headline|script|document|report|speech)\b"
)
_REFUSES = re.compile(
    r"(?i)\bi(?:'m|’m| am)? ?(?:can(?:'t|’t|not| not)|could(?:n't|n’t| not)|won(?:'t|’t)|will not|must not|may not|"
    r"not able to|"
    r"unable to|not allowed to|not permitted to|do(?:n't|n’t| not) feel comfortable) (?:\w+ing )?(?:to )?(?:share|"
    r"disclose|reveal|"
    r"discuss|help|assist|provide|tell you|answer|access|find|locate|comply|do that|describe|fulfil|fulfill|complete "
    r"(?:this|that|your)|offer|comment|verify|confirm|retrieve|browse|give (?:you|out|legal|medical|advice|"
    r"details))\w*\b|"
    r"\bi (?:have no|do(?:n't|n’t| not) (?:currently )?have (?:any |the |access to |enough )?)\s?(?:information|"
    r"record|records|"
    r"data|knowledge|memory|memories|details|access|notes|context|entries|personal)\b|"
    r"^\W*no (?:\w+ )?(?:memor(?:y|ies)|results?|matches|match|entr(?:y|ies)|records?|facts?|passages?|documents?|"
    r"data|"
    r"information) (?:match|found|for|about|on|of|available|exist|were|was|in|is)\w*\b|"
    r"^\W*nothing (?:found|matches|matched|known|on record|in memory|relevant)\b|"
    r"\b(?:i|we) (?:currently |still )?have nothing (?:on|about|in)\b|"
    r"\bthere(?:['’]s| is| are) no (?:\w+ )?(?:information|records?|mentions?|data|entry|entries|memor(?:y|"
    r"ies)) (?:of|about|"
    r"on|for)\b|\b(?:against|violates?) (?:my|our|the) (?:guidelines|policy|policies|rules)\b|"
    r"\b(?:kann|darf) (?:ich )?.{0,60}\bnicht (?:weiter|heraus|mit|preis)?(?:geben|teilen|helfen|nennen|sagen|"
    r"beantworten|"
    r"verraten|besprechen)|\bkeine(?:n)? (?:informationen?|zugriff|daten|angaben|einträge|erinnerung\w*)\b|"
    r"\bje (?:ne )?(?:peux|suis) pas .{0,20}\b(?:partager|donner|communiquer|révéler|divulguer|fournir|aider|"
    r"répondre|discuter|"
    r"autorisée?)\b|\b(?:je n'ai|nous n'avons) (?:pas d'|aucune? )(?:information|accès|donnée|souvenir|trace)|"
    r"\bno (?:puedo|podemos) (?:compartir|dar|revelar|ayudar|proporcionar|facilitar|responder|hablar|divulgar)|"
    r"\bno (?:tengo|hay) (?:ninguna? )?(?:información|acceso|datos|recuerdos?|registros?)\b|"
    r"\bnon (?:posso|ho) (?:condividere|rivelare|fornire|aiutare|dare|rispondere|informazioni|accesso|dati)\b|"
    r"\bnão (?:posso|tenho) (?:compartilhar|revelar|fornecer|ajudar|dar|responder|informaç\w+|acesso|dados)\b|"
    r"\bне (?:могу|имею права) (?:раскрыть|раскрывать|помочь|поделиться|предоставить|сообщить|ответить|назвать|"
    r"обсуждать|дать)|"
    r"\bу меня нет (?:информации|данных|доступа|сведений|записей)|(?:无法|不能|没法)(?:提供|透露|分享|回答|帮助|"
    r"帮你|讨论|告诉)|没有(?:找到|"
    r"相关|关于)"
)

_OF_A_TURN = re.compile(
    r"(?i)\bmy (?:previous|last|earlier|first) (?:answer|response|reply|explanation)\b|"
    r"\bthe user (?:wants?|ask(?:s|ed)|is asking|said|says|mentioned|seems|needs|would like|wrote|told me|might|may)\b|"
    r"^\W*(?:(?:hi|hello|hey)\W+)?i(?:['’]m| am) [A-Z]\w+, (?:your|an?|the) (?:\w+ ){0,2}(?:assistant|companion|helper|"
    r"chatbot|bot|agent|copilot|ai)\b"
)


def of_itself(text: str) -> bool:
    """Return whether a line is an assistant's about itself, its memory, what it made or may not do."""
    if _IS_ONE.search(text) or _KEPT.search(text) or _RECALLED_FOR.search(text) or _REFUSES.search(text):
        return True
    if _MADE.search(text) and (
        _OPENING.match(text) or re.match(r"(?i)\W*(?:i\b|here|voici|hier|aquí|ecco|вот|这是|以下)", text)
    ):
        return True
    opened = _OPENING.match(text)
    return opened is not None and _exclaims(opened["mark"]) and not _ME.search(opened["rest"]) and bool(opened["rest"])


def of_a_turn(text: str) -> bool:
    """Return whether a text speaks of its answer before, or of the user as somebody else (English).

    Then all of it is an assistant's; so it is where it begins by saying whose assistant it is.
    """
    return _OF_A_TURN.search(text) is not None


def of_its_memory(text: str) -> bool:
    """Return whether a line says that it comes out of a memory, of notes or of records."""
    return _MEMORY.search(text) is not None


def opens(sentence: str) -> bool:
    """Return whether a sentence is nothing but the beginning of an assistant's turn, such as `Great question!`"""
    found = _OPENING.match(sentence)
    return found is not None and _exclaims(found["mark"]) and not found["rest"].strip()


def about_me(text: str) -> bool:
    """Return whether a line speaks of the one who says it, as a person does."""
    return _ME.search(text) is not None


def _exclaims(mark: str) -> bool:
    return mark[0] in "!！"
