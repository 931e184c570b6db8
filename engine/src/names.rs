//! From numbers back to names.

use onhand_domain::catalog::{ItemNumber, LocationNumber, TenantNumber};
use onhand_domain::ids::{ItemId, LocationId, TenantId};
use onhand_domain::position::PositionNumber;

/// Names of what records know by number. A number that a durable record holds always has a name.
pub trait Names {
    /// Name of a tenant.
    fn tenant(&self, number: TenantNumber) -> TenantId;
    /// Name of an item.
    fn item(&self, number: ItemNumber) -> ItemId;
    /// Name of a location.
    fn location(&self, number: LocationNumber) -> LocationId;
    /// Item and location of a position.
    fn place(&self, number: PositionNumber) -> (ItemNumber, LocationNumber);
}
