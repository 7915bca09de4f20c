mod guarded;
mod made;
pub(crate) mod site;
