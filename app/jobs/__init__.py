"""What the worker can do, a module for each kind of work. Only these and app/worker.py run the library."""
