"""Words of names that do not tell one company from another: legal forms, articles, conjunctions; and short forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

#: Spellings of each legal form as they stand in a name, folded and without stops. What a register tells apart but a
#: name does not (an English and an Australian limited company) is one form.
_FORMS = """
ltd: ltd; limited; co ltd; company limited; pty ltd; pty limited; proprietary limited; pty; pte ltd; pvt ltd
ltd: private ltd; private limited; pvt limited; pte limited; ltd co; sdn bhd; teoranta; teo; cyfyngedig; cyf; dac
plc: plc; public limited company; ccc; berhad; bhd
inc: inc; incorporated; corp; corporation; incorporee
llc: llc; limited liability company; lc; l l c; pllc
llp: llp; limited liability partnership; limited liability partners
lp: lp; limited partnership; lllp
cic: cic; community interest company
co: co; company; cie; compagnie; cia; compania
gmbh: gmbh; gesellschaft mit beschrankter haftung; gesellschaft mbh; ges mbh; gesmbh; mbh; ggmbh
gmbh_kg: gmbh co kg; gmbh u co kg; gmbh und co kg; gmbh co kgaa; gmbh co ohg; gmbh co
ug: ug; ug haftungsbeschrankt; unternehmergesellschaft; ug haftungsbeschrankt co kg
ag: ag; aktiengesellschaft
kg: kg; kommanditgesellschaft; co kg; und co kg
kgaa: kgaa
ohg: ohg; offene handelsgesellschaft; co ohg
gbr: gbr; gesellschaft burgerlichen rechts
ek: ek; e k; ekfm; ekfr; eingetragener kaufmann; eingetragene kauffrau
ev: ev; e v; eingetragener verein
eg: eg; eingetragene genossenschaft
sarl: sarl; societe a responsabilite limitee; sarlu; eurl; sarl unipersonnelle; gmbh sarl
sas: sas; sasu; societe par actions simplifiee
sa: sa; societe anonyme; sociedad anonima; sau
snc: snc; societe en nom collectif; societa in nome collettivo
sci: sci
scop: scop; scic; scoop
ets: ets; etablissements; etablissement; ste; societe
sl: sl; slu; sociedad limitada; srl unipersonal; sll; slp; sociedad de responsabilidad limitada; s de rl; s de rl de cv
sacv: sa de cv; sapi de cv
scoopand: scoopand; s coop; sociedad cooperativa
spa: spa; societa per azioni; sociedad por acciones
srl: srl; srls; societa a responsabilita limitata; srl semplificata; srl unipersonale
sas_it: sas di; societa in accomandita semplice; sapa
scarl: scarl; scrl; soc coop; societa cooperativa; coop
ditta: ditta; azienda; impresa
bv: bv; besloten vennootschap; bvba; sprl
nv: nv; naamloze vennootschap
vof: vof; v o f; vennootschap onder firma; cv; comm v
eenmanszaak: eenmanszaak; zzp
as_dk: as; aksjeselskap; aktieselskab; aktieselskabet
aps: aps; anpartsselskab; ivs
ks: ks; is; i s
amba: amba; a m b a; fmba
asa: asa; ans; enk
ab: ab; aktiebolag; aktiebolaget; ab publ
hb: handelsbolag; hb; kommanditbolag
oy: oy; oyj; osakeyhtio; oy ab; ky; tmi
ehf: ehf; hf; ohf
zoo: sp z oo; spolka z ograniczona odpowiedzialnoscia; sp zoo; spzoo
sa_pl: spolka akcyjna; sp j; sp k; spolka jawna
sro: sro; s r o; spol s r o; spol sro
as_cz: akciova spolecnost
doo: doo; d o o; dd; jdoo
kft: kft; zrt; nyrt
ood: ood; eood; ead
uab: uab; sia; ou; oue
lda: lda; ltda; limitada; unipessoal lda; eireli
ooo: ooo; oao; zao; pao
as_tr: as ti; ltd sti; anonim sirketi; limited sirketi; sti
kk: kk; kabushiki kaisha; gk; yk
pt: pt; tbk
se: se; societas europaea
"""

_FILLERS = """
and und u et e y i en og och ja the a an der die das den dem des le la les l un une el los las il lo gli uno una
de het een du d of di del della dei van von vom zum zur do da dos das firma fa messrs mr mrs ms miss herr frau
mme monsieur madame sig sra sr att attn dr prof
"""
CONJUNCTIONS = frozenset({"and", "und", "u", "et", "e", "y", "i", "en", "og", "och", "ja"})
#: Articles, conjunctions and forms of address: their absence says nothing.
FILLERS = frozenset(_FILLERS.split())

#: Spellings in short of words that stand in many names and addresses.
_SHORT = """
international: intl internat int; brothers: bros; brother: bro; manufacturing: mfg manuf; manufacturers: mfrs
associates: assoc assocs; association: assn; services: svcs servs; service: svc serv; centre: center ctr cntr
company: coy; department: dept; building: bldg; buildings: bldgs; construction: constr; engineering: engrg eng
engineers: engrs; management: mgmt mgt; technologies: techs; technology: tech; university: univ; hospital: hosp
national: natl; government: govt; laboratories: labs; laboratory: lab; distribution: distr; electrical: elec elect
electric: elektric; jewellery: jewelry; tyres: tires; tyre: tire; colour: color; theatre: theater; fibre: fiber
grey: gray; aluminium: aluminum; mould: mold; organisation: organization; solutions: solns; systems: sys
gebruder: gebr gbr; gesellschaft: ges; nachfolger: nachf; handel: hdl; hermanos: hnos; fratelli: flli; freres: fres
gebroeders: gebrs; brodrene: brdr; street: st str; road: rd; avenue: ave av avda avenida; drive: dr drv
lane: ln; court: ct crt; place: pl; circuit: cct cir; crescent: cres cr; square: sq; boulevard: blvd bd boul
highway: hwy; parade: pde; terrace: tce ter; close: cl; strasse: str strasse; platz: pl; saint: st ste; mount: mt
north: n; south: s; east: e; west: w; apartment: apt; suite: ste; floor: fl; house: hse; straat: str; plaza: plz pza
calle: c cl; piazza: pza pzza; gade: gd; number: no nr num; rue: r; allee: al; chemin: ch chem
"""


def _read_forms() -> dict[tuple[str, ...], str]:
    forms = {}
    for line in _FORMS.strip().splitlines():
        form, _, spellings = line.partition(":")
        for spelling in spellings.split(";"):
            if spelling.strip():
                forms[tuple(spelling.split())] = form
    return forms


def _read_short() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for entry in _SHORT.replace("\n", ";").split(";"):
        whole, _, spellings = entry.partition(":")
        for spelling in spellings.split():
            found.setdefault(spelling, set()).add(whole.strip())
    return {spelling: frozenset(wholes) for spelling, wholes in found.items()}


_BY_SPELLING: Mapping[tuple[str, ...], str] = _read_forms()
#: What a short spelling may stand for.
WHOLE_WORDS: Mapping[str, frozenset[str]] = _read_short()
_LONGEST = max(len(spelling) for spelling in _BY_SPELLING)
#: Forms that stand before the name in some countries; elsewhere such a word at the beginning is part of it.
_LEADING = frozenset(
    {"sarl", "sas", "sci", "snc", "ets", "ditta", "ab", "oy", "pt", "ooo", "uab", "gmbh", "scop", "as_dk"}
)
_WEAK = "co"


def take_off(words: Sequence[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the words of a name without its legal forms, and which forms those were; a name is never left empty.

    ``Company`` and its kin are taken off too and count for no form: ``Smith & Co`` may be any of them.
    """
    left, forms = list(words), set()
    while (length := _at_end(left)) and _left_something(left[:-length]):
        forms.add(_BY_SPELLING[tuple(left[-length:])])
        del left[-length:]
    for length in range(_LONGEST, 0, -1):
        form = _BY_SPELLING.get(tuple(left[:length]))
        if form in _LEADING and _left_something(left[length:]):
            forms.add(form)
            del left[:length]
            break
    return tuple(left), frozenset(forms - {_WEAK, "ets", "ditta"})


def _at_end(words: Sequence[str]) -> int:
    return next((n for n in range(min(_LONGEST, len(words)), 0, -1) if tuple(words[-n:]) in _BY_SPELLING), 0)


def _left_something(words: Sequence[str]) -> bool:
    return any(word not in FILLERS for word in words)
