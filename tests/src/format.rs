//! Data of a newer program.

use std::path::Path;

use redb::{Database, ReadableTable, TableDefinition};

/// Writes the next format version into a `meta.redb`, as docs/LOG_FORMAT.md describes it.
///
/// # Panics
/// When the file is not one of ours, or is open.
pub fn raise_format(meta: &Path) {
    const PROPERTIES: TableDefinition<&str, &[u8]> = TableDefinition::new("properties");
    let database = Database::open(meta).expect("a server that has stopped has closed it");
    let transaction = database.begin_write().expect("it can be written");
    {
        let mut table = transaction.open_table(PROPERTIES).expect("it has properties");
        let found = table.get("format").expect("it can be read").map(|row| row.value().to_vec());
        let mut format = found.expect("it states its format");
        format[0] += 1;
        table.insert("format", &format[..]).expect("it can be written");
    }
    transaction.commit().expect("it can be written");
}
