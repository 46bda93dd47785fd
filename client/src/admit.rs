//! Who is admitted, by whom: agencies, members and registrars ask for it with a file, a registrar checks
//! it and signs, one by one or a whole table.
//!
//! [`table`] reads tables, [`applicants`] makes operations of requests and rows, [`batch`] checks and
//! sends them, [`signer`] knows what a registrar may grant. Who asks needs no connection.

mod agency;
pub mod applicants;
pub(crate) mod batch;
pub mod fault;
mod list;
mod member;
pub mod perform;
mod registrar;
pub mod request;
pub mod signer;
pub(crate) mod standing;
pub mod table;
pub mod tell;

use crate::cli::admit::{AgencyCommand, MemberCommand, RegistrarCommand};
use crate::cli::Shared;
use crate::failure::Failure;
use crate::say::Report;
use hefu_types::leaf::{Holder, Standing};

/// `hefu agency`.
pub fn agency(shared: &Shared, command: &AgencyCommand) -> Result<Report, Failure> {
    use AgencyCommand as C;
    match command {
        C::Request(args) => agency::request(shared, args),
        C::Admit(args) => batch::admit(shared, args, batch::Kind::Agency),
        C::Change(args) => agency::change(shared, args),
        C::Suspend(args) => standing::set(shared, args, Holder::Agency, Standing::Suspended),
        C::Resume(args) => standing::set(shared, args, Holder::Agency, Standing::Active),
        C::Retire(args) => standing::set(shared, args, Holder::Agency, Standing::Retired),
        C::List(args) => list::agencies(shared, args),
        C::Show(args) => list::show(shared, args, Holder::Agency),
    }
}

/// `hefu member`.
pub fn member(shared: &Shared, command: &MemberCommand) -> Result<Report, Failure> {
    use MemberCommand as C;
    match command {
        C::Request(args) => member::request(shared, args),
        C::Admit(args) => batch::admit(shared, args, batch::Kind::Member),
        C::Suspend(args) => standing::set(shared, args, Holder::Member, Standing::Suspended),
        C::Resume(args) => standing::set(shared, args, Holder::Member, Standing::Active),
        C::Retire(args) => standing::set(shared, args, Holder::Member, Standing::Retired),
        C::List(args) => member::list(shared, args),
        C::Show(args) => list::show(shared, args, Holder::Member),
    }
}

/// `hefu registrar`.
pub fn registrar(shared: &Shared, command: &RegistrarCommand) -> Result<Report, Failure> {
    use RegistrarCommand as C;
    match command {
        C::Request(args) => registrar::request(shared, args),
        C::Admit(args) => registrar::admit(shared, args),
        C::Change(args) => registrar::change(shared, args),
        C::Suspend(args) => standing::set(shared, args, Holder::Registrar, Standing::Suspended),
        C::Resume(args) => standing::set(shared, args, Holder::Registrar, Standing::Active),
        C::Retire(args) => standing::set(shared, args, Holder::Registrar, Standing::Retired),
        C::List(args) => list::registrars(shared, args),
        C::Show(args) => list::show(shared, args, Holder::Registrar),
    }
}

#[cfg(test)]
mod tests;
