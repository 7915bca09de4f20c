mod guarded;
mod made;
mod site;
