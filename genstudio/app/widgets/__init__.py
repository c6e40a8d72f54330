"""One small widget a file. Widgets know neither sessions nor models: pages feed them and listen to them."""
