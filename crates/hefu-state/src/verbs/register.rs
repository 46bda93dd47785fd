//! `register`: an agency puts a document on the ledger.
//!
//! Same again is asked before any conflict: digests that the record has already are the same
//! document; an equal fact root with new digests is another rendition of it; anything else under the
//! same number is a conflict, and a file stands under one number only.

use super::document_type;
use crate::execute::{signing_agency, Context, Ledger, Refused};
use hefu_types::key;
use hefu_types::leaf::{DigestLeaf, Kind, TypeRules};
use hefu_types::operation::{Register, UseRight, DIGESTS_MAX};
use hefu_types::profile::Profile;
use hefu_types::record::{Item, PrivateItem, PublicPart, Record, State, Status};
use hefu_types::time::Day;
use hefu_types::{Code, Millis, StateKey};

pub(crate) fn apply(
    context: &Context<'_>,
    register: &Register,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let agency = signing_agency(context)?;
    let rules = document_type(context, &register.document_type)?;
    check_fields(register, rules)?;
    let profile =
        Profile::by_name(&rules.profile).ok_or_else(|| Refused::new(Code::UnknownType))?;
    let number = profile
        .check(&register.identity)
        .map_err(|error| Refused::saying(Code::BadIdentity, error.to_string()))?;
    let legal_issuer = &register.identity.legal_issuer;
    let mut entitlements = agency.entitlements.iter().filter(|entitlement| {
        entitlement.document_type == register.document_type && entitlement.region == register.region
    });
    let Some(first) = entitlements.next() else {
        return Err(Refused::new(Code::NotEntitled));
    };
    if !first.covers(legal_issuer) && !entitlements.any(|other| other.covers(legal_issuer)) {
        return Err(Refused::saying(
            Code::OutsideScope,
            first.legal_basis.clone(),
        ));
    }
    let valid_from = day(register.valid_from.as_deref(), "valid_from")?
        .map(|day| day.begins(rules.zone_minutes));
    let valid_before = day(register.valid_until.as_deref(), "valid_until")?
        .map(|day| day.ends(rules.zone_minutes));
    if valid_from
        .zip(valid_before)
        .is_some_and(|(from, before)| before <= from)
    {
        return Err(Refused::saying(
            Code::BadField,
            "valid_until lies before valid_from",
        ));
    }

    let at = key::record(context.suite, &number);
    if let Some(record) = ledger.record(&at) {
        let dates = (valid_from, valid_before);
        return again(
            context,
            register,
            at,
            record.clone(),
            dates,
            &agency.id,
            ledger,
        );
    }
    refuse_taken_files(register, &at, ledger)?;
    let event = context.event();
    let total = register.total.clone().map(|total| PrivateItem {
        blinding: register.blinding,
        item: Item::Total(total),
    });
    let public = PublicPart {
        document_type: register.document_type.clone(),
        agency: agency.id.clone(),
        region: register.region.clone(),
        legal_issuer: legal_issuer.clone(),
        digests: register.digests.clone(),
        fact_root: register.fact_root,
        valid_from,
        valid_before,
        use_right: register.use_right.clone(),
        status: Status {
            state: State::Issued,
            effective_at: context.block_time,
            recorded_at: context.block_time,
            reason: None,
        },
        uses: Vec::new(),
        registration: event,
        status_event: None,
        event_count: 1,
        history: None,
    };
    ledger.write_record(
        at,
        Record {
            public,
            private: total.into_iter().collect(),
        },
    )?;
    write_digests(context, register, at, ledger);
    Ok(())
}

fn check_fields(register: &Register, rules: &TypeRules) -> Result<(), Refused> {
    let digests = &register.digests;
    if digests.is_empty() || digests.len() > DIGESTS_MAX {
        let detail = format!("a document has 1 to {DIGESTS_MAX} files");
        return Err(Refused::saying(Code::BadField, detail));
    }
    if digests.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err(Refused::saying(
            Code::BadField,
            "the digests must be ascending",
        ));
    }
    match &register.use_right {
        None | Some(UseRight::NamedMember(_)) => {}
        Some(UseRight::FirstMember) if rules.first_member => {}
        Some(UseRight::FirstMember) => {
            let detail = "this type does not leave the use to the first member";
            return Err(Refused::saying(Code::BadField, detail));
        }
        Some(UseRight::ClaimKey(_)) => {
            return Err(Refused::saying(
                Code::BadField,
                "claim keys are not in force yet",
            ));
        }
    }
    let is_invoice = rules.kind == Kind::Invoice;
    if !is_invoice && (register.use_right.is_some() || register.total.is_some()) {
        return Err(Refused::saying(
            Code::BadField,
            "only an invoice has a total and a use",
        ));
    }
    if let Some(total) = &register.total {
        let code = total.currency.as_bytes();
        if code.len() != 3 || !code.iter().all(u8::is_ascii_uppercase) {
            return Err(Refused::saying(
                Code::BadField,
                "the currency must be of ISO 4217",
            ));
        }
    }
    Ok(())
}

fn day(text: Option<&str>, name: &str) -> Result<Option<Day>, Refused> {
    text.map(|text| text.parse())
        .transpose()
        .map_err(|error| Refused::saying(Code::BadField, format!("{name}: {error}")))
}

/// The number is on the ledger: the same document, another rendition, or a conflict.
fn again(
    context: &Context<'_>,
    register: &Register,
    at: StateKey,
    mut record: Record,
    dates: (Option<Millis>, Option<Millis>),
    agency: &str,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let public = &mut record.public;
    let first = public.registration.operation;
    if register
        .digests
        .iter()
        .all(|digest| public.digests.contains(digest))
    {
        return Err(Refused::because_of(Code::SameAgain, first));
    }
    let same_facts = public.fact_root.is_some() && public.fact_root == register.fact_root;
    // Terms too: a rendition changes nothing but the files. (The right to use stays the first one's.)
    let same_terms = public.region == register.region
        && dates == (public.valid_from, public.valid_before)
        && public.document_type == register.document_type
        && public.agency == agency;
    if !same_facts || !same_terms {
        return Err(Refused::because_of(Code::NumberTaken, first));
    }
    refuse_taken_files(register, &at, ledger)?;
    public.digests.extend(&register.digests);
    public.digests.sort_unstable();
    public.digests.dedup();
    if public.digests.len() > DIGESTS_MAX {
        let detail = format!("a document has at most {DIGESTS_MAX} files");
        return Err(Refused::saying(Code::BadField, detail));
    }
    public.event_count = public.event_count.saturating_add(1);
    ledger.write_record(at, record)?;
    write_digests(context, register, at, ledger);
    Ok(())
}

fn refuse_taken_files(
    register: &Register,
    at: &StateKey,
    ledger: &Ledger<'_>,
) -> Result<(), Refused> {
    for digest in &register.digests {
        if let Some(leaf) = ledger.digest(digest).filter(|leaf| leaf.record != *at) {
            return Err(Refused::because_of(Code::FileTaken, leaf.operation));
        }
    }
    Ok(())
}

fn write_digests(
    context: &Context<'_>,
    register: &Register,
    at: StateKey,
    ledger: &mut Ledger<'_>,
) {
    for digest in &register.digests {
        // A rendition keeps the operation that registered it first.
        if ledger.digest(digest).is_none() {
            let leaf = DigestLeaf {
                record: at,
                operation: context.operation,
            };
            ledger.write_digest(*digest, leaf);
        }
    }
}
