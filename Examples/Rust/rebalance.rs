// Places copies of the experts of one layer on 4 devices by their load.
use std::ffi::{c_char, CStr};

#[link(name = "ballast")]
extern "C" {
    fn ballast_explanation() -> *const c_char;
    fn ballast_rebalance(
        weights: *const f64, layers: u32, experts: u32, replicas: u32, groups: u32, nodes: u32, devices: u32, slots: u32,
        physical_to_logical: *mut i64, logical_to_physical: *mut i64, counts: *mut i64, most_copies: *mut u32,
    ) -> i32;
}

fn rebalance(load: &[f64], replicas: usize, devices: u32) -> Result<Vec<i64>, String> {
    let (experts, mut placed, mut most) = (load.len() as u32, vec![0; replicas], 0);
    let (none, placed_at) = (std::ptr::null_mut(), placed.as_mut_ptr());
    // Safety: `load` has 1 layer of `experts`, `placed` room for 1 layer of `replicas`; what is not wanted is null.
    unsafe {
        match ballast_rebalance(load.as_ptr(), 1, experts, replicas as u32, 1, 1, devices, 0, placed_at, none, none, &mut most) {
            0 => Ok(placed),
            _ => Err(CStr::from_ptr(ballast_explanation()).to_string_lossy().into_owned()),
        }
    }
}

fn main() {
    let load = [90.0, 132.0, 40.0, 61.0, 104.0, 165.0, 39.0, 4.0];
    for (device, experts) in rebalance(&load, 12, 4).unwrap().chunks(3).enumerate() {
        println!("device {device}: experts {experts:?}");
    }
    println!("{}", rebalance(&load, 7, 4).unwrap_err());
}
