//! Rows of reversals: asked for, agreed to, denied, lapsed, taken back, done whole and in part.

use super::rows::{check, Table};

const TABLES: &[Table] = &[
    ("nobody uses it", FREE),
    ("those who use it agree", CONSENT),
    ("asked for by who uses it", BY_USER),
    ("what is let go", LET_GO),
    ("credit notes", NOTES),
    ("who cannot be stopped", STRANGERS),
];

const FREE: &str = "
    tax reverse I                           -> UnknownRecord
    tax register I total=10                 -> ok
    buyer reverse I                         -> NotEntitled
    west-tax reverse I                      -> NotEntitled
    tax reverse I reason=none               -> BadField
    tax reverse I 0                         -> BadField
    tax reverse I 11                        -> OverReversal
    tax reverse I 4                         -> ok
    ? I state=PartlyReversed reversed=4 past=issued
    tax cancel I                            -> WrongState
    tax register B                          -> ok
    tax replace I by=B                      -> WrongState
    tax reverse I 7                         -> OverReversal
    tax reverse I 2                         -> ok
    tax reverse I                           -> ok
    ? I state=Reversed reversed=10 past=issued,partly-reversed,partly-reversed
    tax reverse I                           -> WrongState
    tax request-reversal I                  -> WrongState
    tax register U                          -> ok
    tax reverse U 4                         -> OverReversal
    tax reverse U                           -> ok
    ? U state=Reversed
    # Asked for where nobody need agree: 01. It lapses too: 07. It may be done without.
    tax register J total=10                 -> ok
    west-tax request-reversal J             -> NotEntitled
    buyer request-reversal J                -> NoRightToUse
    tax request-reversal J reason=none      -> BadField
    tax request-reversal J 0                -> BadField
    tax request-reversal J 11               -> OverReversal
    tax agree J                             -> NoConsent
    tax withdraw-reversal J                 -> NoConsent
    tax request-reversal J 4                -> ok
    ? J stage=NoConsentNeeded
    tax request-reversal J                  -> ConsentPending
    tax agree J                             -> AlreadySigned
    buyer consume J book                    -> ConsentPending
    buyer lock J book                       -> ConsentPending
    wait 72h
    ? J stage=TimedOut
    tax reverse J 5                         -> ok
    ? J stage=none reversed=5
    # Each credit or reversal stands in the record, so there are so many.
    tax register K total=100                -> ok
    tax all: reverse K 1; reverse K 1; reverse K 1; reverse K 1 -> ok, ok, ok, ok
    tax all: reverse K 1; reverse K 1; reverse K 1; reverse K 1 -> ok, ok, ok, ok
    tax reverse K 1                         -> TooLarge
    ? K reversed=8 folded=5
";

const CONSENT: &str = "
    tax register I total=10 right=claim     -> ok
    buyer consume I book 6                  -> ok
    other lock I finance 3                  -> ok
    tax reverse I                           -> ConsentNeeded
    tax request-reversal I 5                -> ok
    ? I stage=AwaitsUser
    tax reverse I 5                         -> ConsentPending
    third agree I                           -> NoRightToUse
    tax agree I                             -> AlreadySigned
    west-tax agree I                        -> NotEntitled
    buyer agree I                           -> ok
    buyer agree I                           -> AlreadySigned
    buyer deny I                            -> AlreadySigned
    ? I stage=AwaitsUser
    tax reverse I 5                         -> ConsentPending
    third consume I finance 1               -> ConsentPending
    other agree I                           -> ok
    ? I stage=Agreed
    other deny I                            -> AlreadySigned
    tax reverse I 4                         -> OtherAmount
    tax reverse I                           -> OtherAmount
    tax reverse I 5                         -> ok
    ? I state=PartlyReversed stage=none reversed=5
    ? I uses=buyer:book:0..5:used,other:finance:0..3:1440m
    # Each consent serves once.
    tax reverse I 1                         -> ConsentNeeded
    tax request-reversal I 1                -> ok
    buyer deny I                            -> ok
    ? I stage=DeniedByUser
    tax reverse I 1                         -> NoConsent
    buyer agree I                           -> NoConsent
    # A denial is not the end: it is asked anew, and who agreed before has to agree again.
    tax request-reversal I 1                -> ok
    other agree I                           -> ok
    buyer deny I                            -> ok
    tax request-reversal I 1                -> ok
    buyer agree I                           -> ok
    ? I stage=AwaitsUser
    tax withdraw-reversal I                 -> ok
    ? I stage=Withdrawn
    buyer withdraw-reversal I               -> NoConsent
    tax request-reversal I 1                -> ok
    buyer withdraw-reversal I               -> NotEntitled
    west-tax withdraw-reversal I            -> NotEntitled
    buyer agree I                           -> ok
    other agree I                           -> ok
    tax withdraw-reversal I                 -> ok
    ? I stage=WithdrawnAfterAgreement
    tax reverse I 1                         -> NoConsent
    # 72 hours for the answer, and as many for what was agreed to.
    tax request-reversal I 1                -> ok
    wait 72h
    ? I stage=TimedOut
    buyer agree I                           -> NoConsent
    # What was locked has lapsed since: only who used it for good need agree.
    tax request-reversal I 1                -> ok
    wait 71h
    buyer agree I                           -> ok
    ? I stage=Agreed
    wait 71h
    ? I stage=Agreed
    tax reverse I 1                         -> ok
    ? I uses=buyer:book:0..4:used
    tax request-reversal I 1                -> ok
    buyer agree I                           -> ok
    wait 72h
    tax reverse I 1                         -> NoConsent
";

const BY_USER: &str = "
    tax register I total=10 right=claim     -> ok
    buyer consume I book 6                  -> ok
    buyer request-reversal I 4              -> ok
    ? I stage=AwaitsIssuer
    buyer agree I                           -> AlreadySigned
    tax request-reversal I                  -> ConsentPending
    tax cancel I                            -> InUse
    tax reverse I 4                         -> ConsentPending
    tax withdraw-reversal I                 -> NotEntitled
    other withdraw-reversal I               -> NotEntitled
    tax deny I                              -> ok
    ? I stage=DeniedByIssuer
    buyer request-reversal I 4              -> ok
    buyer withdraw-reversal I               -> ok
    ? I stage=Withdrawn
    buyer request-reversal I 4              -> ok
    tax agree I                             -> ok
    ? I stage=Agreed
    tax agree I                             -> AlreadySigned
    tax reverse I 4                         -> ok
    ? I uses=buyer:book:0..6:used reversed=4
    # Others who use it have to agree too, before or after the issuer.
    other consume I finance 3               -> ok
    buyer request-reversal I                -> ok
    other agree I                           -> ok
    ? I stage=AwaitsIssuer
    tax agree I                             -> ok
    buyer withdraw-reversal I               -> ok
    ? I stage=WithdrawnAfterAgreement
    buyer request-reversal I                -> ok
    tax agree I                             -> ok
    ? I stage=AwaitsUser
    other deny I                            -> ok
    ? I stage=DeniedByUser
    buyer request-reversal I                -> ok
    other deny I                            -> ok
    buyer request-reversal I                -> ok
    tax agree I                             -> ok
    other agree I                           -> ok
    tax reverse I                           -> ok
    ? I state=Reversed uses=none
    tax cancel I                            -> WrongState
";

const LET_GO: &str = "
    # Locks before uses for good, and from the end of the line.
    tax register I total=10 right=claim     -> ok
    buyer consume I book 0..4               -> ok
    other consume I book 6..9               -> ok
    third lock I book 4..6                  -> ok
    tax request-reversal I 4                -> ok
    buyer agree I                           -> ok
    other agree I                           -> ok
    third agree I                           -> ok
    tax reverse I 4                         -> ok
    ? I uses=buyer:book:0..4:used,other:book:6..8:used
    # What is free is taken first: nobody lets go of anything.
    tax register J total=10 right=claim     -> ok
    buyer consume J book 0..4               -> ok
    other lock J reimburse 8..10            -> ok
    tax request-reversal J 6                -> ok
    buyer agree J                           -> ok
    other agree J                           -> ok
    tax reverse J 6                         -> ok
    ? J uses=buyer:book:0..4:used,other:reimburse:8..10:1440m
    # Purposes that exclude one another share a line.
    tax register K total=10 right=claim     -> ok
    buyer consume K reimburse 10            -> ok
    other consume K deduct                  -> ok
    tax request-reversal K 3                -> ok
    buyer agree K                           -> ok
    other agree K                           -> ok
    tax reverse K 3                         -> ok
    ? K uses=buyer:reimburse:0..7:used,other:deduct:0..7:used
    third consume K finance                 -> ok
    third consume K subsidy                 -> PurposeExcluded
    # Of what cannot be divided all.
    tax register U right=claim              -> ok
    buyer consume U book                    -> ok
    tax request-reversal U                  -> ok
    buyer agree U                           -> ok
    tax reverse U                           -> ok
    ? U uses=none state=Reversed
    # Who was asked for something else since has not answered that.
    tax register ANEW total=10 right=claim  -> ok
    buyer consume ANEW book                 -> ok
    tax request-reversal ANEW 4             -> ok as R1
    tax withdraw-reversal ANEW              -> ok
    tax request-reversal ANEW 9             -> ok as R2
    buyer agree ANEW request=R1             -> OtherVersion
    buyer deny ANEW request=NONE            -> OtherVersion
    ? ANEW stage=AwaitsUser
    buyer agree ANEW request=R2             -> ok
";

const NOTES: &str = "
    tax register I1 total=10                -> ok
    tax register I2 total=10                -> ok
    tax register CN total=-12 class=credit-note -> ok
    tax reverse I1 8 note=NONE              -> UnknownRecord
    tax reverse I1 8 note=I1                -> BadLink
    tax register L type=licence             -> ok
    tax reverse I1 8 note=L                 -> NotForThisType
    west-tax register W total=-9 issuer=9152S region=west -> ok
    tax reverse I1 8 note=W                 -> BadLink
    tax register O total=-9 issuer=9133OTHER -> ok
    tax reverse I1 8 note=O                 -> BadLink
    tax reverse I1 8 note=CN                -> ok
    ? I1 links=reversed-by:CN state=PartlyReversed
    ? CN links=reverses:I1 credited=8 state=Issued
    # One note for several invoices, as far as it reaches.
    tax reverse I2 5 note=CN                -> OverReversal
    tax reverse I2 4 note=CN                -> ok
    ? CN links=reverses:I1,reverses:I2 credited=12
    tax reverse I2 1 note=CN                -> OverReversal
    # Several notes for one invoice.
    tax register CN2 total=-9 class=credit-note -> ok
    tax reverse I2 note=CN2                 -> ok
    ? I2 state=Reversed links=reversed-by:CN,reversed-by:CN2
    ? CN2 credited=6
    # The same note twice for one invoice is one link.
    tax register I3 total=10                -> ok
    tax reverse I3 1 note=CN2               -> ok
    tax reverse I3 1 note=CN2               -> ok
    ? I3 links=reversed-by:CN2 reversed=2
    tax register EUR total=-9/EUR class=credit-note -> ok
    tax reverse I3 1 note=EUR               -> OverReversal
    tax register GONE total=-9 class=credit-note -> ok
    tax cancel GONE                         -> ok
    tax reverse I3 1 note=GONE              -> BadLink
    # A note without a total bounds nothing.
    tax register FREE class=credit-note     -> ok
    tax reverse I3 8 note=FREE              -> ok
    ? I3 state=Reversed
    ? FREE credited=0 links=reverses:I3
    # In one statement all or none.
    tax register I4 total=10                -> ok
    tax register CN4 total=-10 class=credit-note -> ok
    tax all: reverse I4 6 note=CN4; reverse I3 note=CN4 -> SiblingRefused, WrongState
    ? CN4 credited=0 links=none
";

const STRANGERS: &str = "
    # Who holds a small lock asks for a reversal: nobody else is kept from the invoice.
    tax register I total=10                 -> ok
    hostile lock I book 1                   -> ok
    hostile request-reversal I              -> ok
    ? I stage=AwaitsIssuer
    buyer lock I reimburse                  -> ok as L
    buyer consume I reimburse lock=L        -> ok
    buyer consume I book 9                  -> ok
    tax agree I                             -> ok
    ? I stage=AwaitsUser
    other consume I finance                 -> ConsentPending
    # So with a use that a stranger recorded before the issuer came.
    hostile consume N book unattested=10    -> ok
    tax register N total=10 right=named:buyer -> ok
    hostile request-reversal N              -> ok
    tax deny N                              -> ok
    hostile request-reversal N              -> ok
    buyer consume N book                    -> ok
    ? N uses=buyer:book:0..10:used
    # He has no say any more.
    hostile request-reversal N              -> NoRightToUse
    tax all: deny N; request-reversal N     -> ok, ok
    hostile deny N                          -> NoRightToUse
    buyer agree N                           -> ok
    tax reverse N                           -> ok
    # A lock that lapses while the issuer asks need not agree.
    tax register J total=10                 -> ok
    hostile lock J book 1                   -> ok
    tax request-reversal J                  -> ok
    wait 1h
    hostile deny J                          -> NoRightToUse
    tax reverse J                           -> ok
    ? J state=Reversed
";

#[test]
fn nobody_uses_it() {
    check(&TABLES[0]);
}

#[test]
fn those_who_use_it_agree() {
    check(&TABLES[1]);
}

#[test]
fn asked_for_by_who_uses_it() {
    check(&TABLES[2]);
}

#[test]
fn what_is_let_go() {
    check(&TABLES[3]);
}

#[test]
fn credit_notes() {
    check(&TABLES[4]);
}

#[test]
fn who_cannot_be_stopped() {
    check(&TABLES[5]);
}
