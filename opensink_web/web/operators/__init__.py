"""What whoever runs the server looks at: no page of a workspace."""
