"""What a test asks of the project, a step a run: `python drive.py STEP [WORD...]`."""

import json
import os
import sys
import uuid
import zipfile
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
django.setup()

from django.apps import apps  # noqa: E402
from django.contrib.auth.models import Group, Permission, User  # noqa: E402
from django.core import serializers  # noqa: E402
from django.core.management import call_command  # noqa: E402
from nursery.models import Allergy, Child, Feeding, Note, Profile, Room, Twin  # noqa: E402
from nursery_extra.models import Toy  # noqa: E402

LEFT_OUT = {"contenttypes.contenttype", "sessions.session", "admin.logentry"}


def migrate():
    call_command("migrate", verbosity=0)
    call_command("migrate", run_syncdb=True, verbosity=0)  # the apps of the project, which refer to the others


def fill():
    readers = Group.objects.create(name="readers")
    readers.permissions.set(Permission.objects.filter(codename__in=["view_child", "add_child"]))
    ada = User.objects.create_user("ada", password="secret")
    bob = User.objects.create_user("bob", first_name="Bob 🎬")
    ada.groups.add(readers)
    bob.user_permissions.add(Permission.objects.get(codename="delete_feeding"))
    Profile.objects.create(user=ada, language="de")
    nuts, milk = Allergy.objects.create(name="nuts"), Allergy.objects.create(name="milk")
    room = Room.objects.create(floor=2, name="blue")
    eve = Child.objects.create(
        pk=10,
        name='Eve "\\ \n\t',
        born=date(2020, 2, 29),
        born_at=time(23, 59, 59, 120000),
        weight=Decimal("3.500"),
        uid=uuid.UUID("6f1d3c1e-0000-4000-8000-00000000000a"),
        likes={"a": [1, 2.5, None], "$text": "ä"},
        print=b"\x00\xff\\'",
    )
    tom = Child.objects.create(
        name="Tom", born=date(2022, 1, 1), weight=Decimal(4), likes=[], wishes="cake", mother=eve, is_here=False
    )
    ida = Twin.objects.create(name="Ida", born=date(2022, 1, 1), weight=Decimal("4.1"), minutes_later=7)
    eve.siblings.add(tom)
    tom.allergies.set([nuts, milk])
    tom.carers.set([ada, bob])
    ida.carers.set([bob])
    for number in range(30):
        start = datetime(2026, 3, 29, 0, 30, tzinfo=UTC) + timedelta(hours=number, milliseconds=120 * (number % 3))
        feeding = Feeding.objects.create(
            child=tom if number % 2 else eve,
            by=[ada, bob, None][number % 3],
            room=room if number % 5 else None,
            start=start,
            end=start + timedelta(minutes=7) if number % 4 else None,
            duration=timedelta(days=number % 3 - 1, seconds=61, milliseconds=500),
            amount=number / 3,
            notes="" if number % 2 else "good",
        )
        feeding.tags.add("night" if number % 2 else "day", "Milch 🍼")
    Toy.objects.create(name="not of that app")


def export_zip(path, **said):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        models = [model for model in apps.get_models() if model._meta.label_lower not in LEFT_OUT]
        models = [model for model in models if model._meta.app_label != "nursery_extra"]
        records = sum(model.objects.count() for model in models)
        archive.writestr("metadata.json", json.dumps({**metadata(models, records), **said}, indent=2))
        for model in models:
            if model.objects.exists():
                data = serializers.serialize("json", model.objects.all(), indent=2, use_natural_foreign_keys=True)
                archive.writestr(f"{model._meta.app_label}/{model._meta.model_name}.json", data)


def export_file(path):
    with zipfile.ZipFile(f"{path}.zip") as archive, Path(path).open("w") as file:
        names = [name for name in archive.namelist() if name != "metadata.json"]
        data = {name.removesuffix(".json").replace("/", "."): json.loads(archive.read(name)) for name in names}
        json.dump({"metadata": json.loads(archive.read("metadata.json")), "data": data}, file)


def metadata(models, records):
    return {
        "version": "1.0",
        "timestamp": "2026-03-30T12:00:00.123456+02:00",
        "database_engine": "django.db.backends.sqlite3",
        "babybuddy_version": "2.7.1",
        "models_count": len(models),
        "total_records": records,
        "includes_media": False,
        "created_by": "ada",
        "timezone": "Europe/Berlin",
    }


def dump():
    """Print all rows that an export holds, as Django sees them."""
    out = StringIO()
    call_command("dumpdata", exclude=[*sorted(LEFT_OUT), "nursery_extra"], use_natural_foreign_keys=True, stdout=out)
    print(out.getvalue())


def disturb():
    """Change, remove and add rows, also where the export has none."""
    tom = Child.objects.get(name="Tom")
    tom.allergies.clear()
    tom.name = "Tim"
    tom.save()
    Feeding.objects.filter(pk__gt=25).delete()
    note = Note.objects.create(child=tom, text="since")
    note.readers.add(User.objects.get(username="ada"))
    cy = User.objects.create_user("cy")
    new = Child.objects.create(name="new", born=date(2026, 1, 1), weight=1)
    new.carers.add(cy)


def use():
    """Look rows up as an application does, then add one of each kind."""
    eve = Child.objects.get(likes={"a": [1, 2.5, None], "$text": "ä"})
    assert eve.pk == 10
    assert Child.objects.get(uid=uuid.UUID("6f1d3c1e-0000-4000-8000-00000000000a")) == eve
    assert Child.objects.get(born_at=time(23, 59, 59, 120000)) == eve
    assert bytes(eve.print) == b"\x00\xff\\'"
    assert Child.objects.get(wishes="cake").mother == eve
    assert set(Child.objects.filter(wishes__isnull=True).values_list("name", flat=True)) >= {eve.name, "Ida"}
    second = datetime(2026, 3, 29, 1, 30, 0, 120000, tzinfo=UTC)
    assert Feeding.objects.get(start=second).duration == timedelta(seconds=61, milliseconds=500)
    assert Feeding.objects.filter(duration__lt=timedelta(0)).count() == 10
    assert Feeding.objects.filter(tags__name="night").count() == 15
    assert User.objects.get(username="ada").has_perm("nursery.view_child")
    assert User.objects.get(username="ada").check_password("secret")
    tom = Child.objects.get(name="Tom")
    assert sorted(one.name for one in tom.allergies.all()) == ["milk", "nuts"]
    assert list(tom.siblings.all()) == [eve]
    assert Twin.objects.get(minutes_later=7).weight == Decimal("4.1")
    highest = Child.objects.order_by("-pk")[0].pk
    new = Child.objects.create(name="next", born=date(2026, 5, 5), weight=Decimal("1.001"), mother=tom)
    assert new.pk == highest + 1
    new.carers.add(User.objects.create_user("eva"))
    new.allergies.add(Allergy.objects.create(name="soap"))
    feeding = Feeding.objects.create(child=new, start=second, room=Room.objects.create(floor=3, name="red"))
    feeding.tags.add("fresh")
    Note.objects.create(child=new, text="one").readers.add(User.objects.get(username="ada"))


def visit():
    """Ask across the tables of auth and those of many-to-many fields, then add rows to them."""
    assert {one.username for one in User.objects.filter(groups__permissions__codename="view_child")} == {"ada"}
    assert User.objects.get(username="ada").check_password("secret")
    assert sorted(Child.objects.filter(carers__username="bob").values_list("name", flat=True)) == ["Ida", "Tom"]
    assert Child.objects.values_list("weight", flat=True).get(siblings__name="Tom") == Decimal("3.5")
    assert Child.objects.filter(allergies__name="nuts", mother__pk=10).count() == 1
    highest = User.objects.order_by("-pk")[0].pk
    eva = User.objects.create_user("eva")
    assert eva.pk == highest + 1
    eva.groups.add(Group.objects.get(name="readers"))
    assert eva.has_perm("nursery.add_child")
    eva.child_set.add(Child.objects.only("pk").get(name="Tom"))
    Child.objects.only("pk").get(name="Tom").allergies.add(Allergy.objects.create(name="soap"))
    assert Child.objects.filter(carers__username="eva", allergies__name="soap").count() == 1


if __name__ == "__main__":
    step, *words = sys.argv[1:]
    globals()[step](*words)
