// The book of an exported page; null where a server answers.
window.exported = null;
