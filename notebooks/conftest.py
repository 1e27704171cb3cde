"""nbval compares what cells print: players, pictures and widgets are not stored in the notebooks."""


def pytest_collection_modifyitems(items):
    for notebook in {item.parent for item in items if item.path.suffix == ".ipynb"}:
        notebook.skip_compare += ("text/html", "text/plain")
