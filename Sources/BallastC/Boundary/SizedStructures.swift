import CBallast

extension ballast_model: Sized { static var name: String { "ballast_model" } }
extension ballast_cost: Sized { static var name: String { "ballast_cost" } }
extension ballast_cluster: Sized { static var name: String { "ballast_cluster" } }
extension ballast_selection: Sized { static var name: String { "ballast_selection" } }
extension ballast_dispatch: Sized { static var name: String { "ballast_dispatch" } }
extension ballast_step: Sized { static var name: String { "ballast_step" } }
extension ballast_event: Sized { static var name: String { "ballast_event" } }
extension ballast_statistics: Sized { static var name: String { "ballast_statistics" } }
extension ballast_forecast: Sized { static var name: String { "ballast_forecast" } }
extension ballast_executor_options: Sized { static var name: String { "ballast_executor_options" } }
